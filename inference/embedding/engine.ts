/** The embedding engine: token ids in, one vector for each text out. */
import type { EngineInfo } from '../engine.ts'

export interface EmbedRequest {
  /** One list of ids for each text, special tokens included (EncoderTokenizer), 1 to `contextTokens` each. */
  readonly inputs: readonly (readonly number[])[]
  readonly signal: AbortSignal
}

/** `slotsTotal` is 1: texts are computed one after the other. */
export interface EmbeddingInfo extends Omit<EngineInfo, 'scheduleDigest'> {
  /** Numbers of a vector. */
  readonly dimensions: number
}

export interface EmbeddingEngine extends AsyncDisposable {
  readonly info: EmbeddingInfo
  /**
   * Vectors in the order of the inputs. Each text runs by itself, without padding: its vector has the same
   * bits whatever else is asked.
   * @throws ConfigError EMBEDDING_INPUT_INVALID
   * @throws UnavailableError ENGINE_BUSY, ENGINE_CRASHED, MODEL_RUN_FAILED, MODEL_OUTPUT_INVALID
   * @throws the signal's reason when it aborts
   */
  embed(request: EmbedRequest): Promise<readonly Float32Array[]>
}
