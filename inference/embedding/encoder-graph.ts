/** An encoder graph in onnxruntime: ids of one text in, one vector out. */
import { type InferenceSession, Tensor } from 'onnxruntime-node'
import { ConfigError } from '#protocol/errors.ts'
import { graphInvalid, outputInvalid, runFailed } from '../onnx/graph/errors.ts'
import { type GraphValues, readGraphValues } from '../onnx/graph/values.ts'
import { createSession } from '../onnx/portable-model.ts'
import { readCheckedGraph } from '../onnx/surgery/prepare-graph.ts'
import type { EncoderModel } from './encoder-files.ts'
import { normalised, pooled } from './pooling.ts'

/** What is fed for each position: its id, that it counts, that it belongs to the first text. */
const FILLERS: Readonly<Record<string, (ids: readonly number[]) => readonly number[]>> = {
  input_ids: (ids) => ids,
  attention_mask: (ids) => ids.map(() => 1),
  token_type_ids: (ids) => ids.map(() => 0),
  position_ids: (ids) => ids.map((_, at) => at),
}
/** Pooled by the graph itself, or states of every position. */
const POOLED_OUTPUTS = ['sentence_embedding']
const STATE_OUTPUTS = ['last_hidden_state', 'token_embeddings']
const DIMENSIONS_MAX = 65_536

export class EncoderGraph {
  readonly #session: InferenceSession
  readonly #values: GraphValues
  readonly #config: EncoderModel['config']
  readonly #output: string
  #dimensions = 0

  /**
   * Runs the graph once, so that what does not fit fails here. Dynamic quantisation is welcome: each text
   * runs alone.
   * @throws ConfigError MODEL_GRAPH_INVALID, MODEL_OPERATOR_UNSUPPORTED, MODEL_NOT_BATCH_INVARIANT,
   *   MODEL_INPUT_MISSING, MODEL_INPUT_UNSUPPORTED, MODEL_OUTPUT_MISSING
   */
  static async open(model: EncoderModel, threads: number): Promise<EncoderGraph> {
    const { file, externalFiles } = readCheckedGraph(model, 'alone')
    const values = readGraphValues(file)
    checkInputs(values)
    const output = [...POOLED_OUTPUTS, ...STATE_OUTPUTS].find((name) =>
      values.outputs.some((one) => one.name === name),
    )
    if (output === undefined) throw outputMissing()
    const session = await createSession({ graph: file, externalFiles }, threads)
    const graph = new EncoderGraph(session, values, model.config, output)
    try {
      const vector = await graph.embed([0, 1])
      graph.#dimensions = vector.length
    } catch (cause) {
      throw graphInvalid('a trial run fails', cause)
    }
    return graph
  }

  private constructor(
    session: InferenceSession,
    values: GraphValues,
    config: EncoderModel['config'],
    output: string,
  ) {
    this.#session = session
    this.#values = values
    this.#config = config
    this.#output = output
  }

  get dimensions(): number {
    return this.#dimensions
  }

  /** @throws UnavailableError MODEL_RUN_FAILED, MODEL_OUTPUT_INVALID */
  async embed(ids: readonly number[]): Promise<Float32Array> {
    const feeds = Object.fromEntries(
      this.#values.inputs.map(({ name }) => {
        const values = BigInt64Array.from(FILLERS[name]?.(ids) ?? [], BigInt)
        return [name, new Tensor('int64', values, [1, ids.length])]
      }),
    )
    const outputs = await this.#session.run(feeds, [this.#output]).catch((cause) => {
      throw runFailed(cause)
    })
    const vector = this.#vectorOf(outputs[this.#output], ids.length)
    if (!vector.every(Number.isFinite)) throw outputInvalid()
    return this.#config.isNormalised ? normalised(vector) : vector
  }

  #vectorOf(tensor: Tensor | undefined, positions: number): Float32Array {
    const [data, size] = [tensor?.data, tensor?.dims.at(-1) ?? 0]
    if (!(data instanceof Float32Array) || size < 1 || size > DIMENSIONS_MAX) throw outputInvalid()
    const isPooled = POOLED_OUTPUTS.includes(this.#output)
    if (data.length !== size * (isPooled ? 1 : positions)) throw outputInvalid()
    return isPooled ? data.slice() : pooled(data, size, this.#config.pooling)
  }
}

function checkInputs({ inputs }: GraphValues): void {
  if (!inputs.some(({ name }) => name === 'input_ids')) {
    throw new ConfigError('MODEL_INPUT_MISSING', 'the graph has no input input_ids', {
      remedy: 'Export the model as feature extraction.',
    })
  }
  const unknown = inputs.find(({ name, type }) => !Object.hasOwn(FILLERS, name) || type !== 'int64')
  if (unknown === undefined) return
  const name = unknown.name.slice(0, 64)
  throw new ConfigError('MODEL_INPUT_UNSUPPORTED', `graph input ${name} is unsupported`, {
    remedy: 'Export the model as feature extraction, with 64-bit ids.',
    data: { name },
  })
}

function outputMissing(): ConfigError {
  return new ConfigError('MODEL_OUTPUT_MISSING', 'the graph has no output last_hidden_state', {
    remedy: 'Export the model as feature extraction.',
  })
}
