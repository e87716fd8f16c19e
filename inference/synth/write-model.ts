/** Writes a whole made-up model in the layout of the Hugging Face hub, piece by piece. */
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WEIGHTS_FILE_BYTES_MAX } from '../constants.ts'
import type { LateBytes } from '../onnx/graph/protobuf-writer.ts'
import { type PlaceTensor, writeDecoder } from './decoder-graph.ts'
import { OnnxGraph } from './onnx-graph.ts'
import type { DecoderShape, Quantisation } from './shapes.ts'
import { SYNTHETIC_END_TOKEN_ID, syntheticTokenizerFiles } from './tokenizer.ts'

export interface SyntheticModelOptions {
  /** Of a published model, for example "smollm2-135m". */
  readonly shapeName: string
  readonly shape: DecoderShape
  readonly quantisation: Quantisation
  readonly seed: number
  /** Absent: logits of the last position only. */
  readonly logits?: 'last' | 'all' | undefined
  /** Bytes of weights up to which they lie in the graph itself; absent: as protobuf allows. */
  readonly graphBytesMax?: number | undefined
  /** Ends the writing; what is half-written is removed. */
  readonly signal?: AbortSignal | undefined
  /** Told how many bytes of weights will be written to the folder, which exists; may throw. */
  readonly beforeWeights?: (folder: string, sizeBytes: number) => Promise<void>
}

export interface SyntheticModel {
  /** Begins with SYNTHETIC. */
  readonly modelId: string
  readonly sizeBytes: number
}

/** The limit of a protobuf message, less room for what is no weights. */
const GRAPH_BYTES_MAX = WEIGHTS_FILE_BYTES_MAX - (64 << 20)
/** Tensors below this stay in the graph, as exporters keep them. */
const EXTERNAL_TENSOR_BYTES_MIN = 1_024

/** The same options make the same bytes. The folder is created; what it holds under the same names is replaced. */
export async function writeSyntheticModel(
  folder: string,
  options: SyntheticModelOptions,
): Promise<SyntheticModel> {
  const modelId = syntheticModelId(options)
  await mkdir(join(folder, 'onnx'), { recursive: true })
  const files = weightFiles(options, modelId)
  const sizeBytes = [...files.values()].reduce((sum, { length }) => sum + length, 0)
  await options.beforeWeights?.(folder, sizeBytes)
  for (const [name, text] of Object.entries(textFiles(options, modelId))) {
    await writeFile(join(folder, name), text)
  }
  const { signal } = options
  for (const [name, bytes] of files) await writeWhole(join(folder, 'onnx', name), bytes, signal)
  return { modelId, sizeBytes }
}

export function syntheticModelId({
  shapeName,
  quantisation,
  seed,
}: Pick<SyntheticModelOptions, 'shapeName' | 'quantisation' | 'seed'>): string {
  return `SYNTHETIC/${shapeName}-${quantisation}-seed${seed}`
}

/** The graph, and files of external data where the weights do not fit into it. */
function weightFiles(options: SyntheticModelOptions, modelId: string): Map<string, LateBytes> {
  const { shape, quantisation, seed, logits = 'last' } = options
  const decoder = { shape, quantisation, seed, logits }
  let weightBytes = 0
  writeDecoder(
    new OnnxGraph(modelId),
    (name, _type, _shape, bytes) => {
      weightBytes += bytes.length
      return name
    },
    decoder,
  )
  const graph = new OnnxGraph(modelId)
  const inside: PlaceTensor = (name, type, dims, bytes) => graph.tensor(name, type, dims, bytes)
  const parts = new ExternalParts()
  const outside: PlaceTensor = (name, type, dims, bytes) =>
    bytes.length < EXTERNAL_TENSOR_BYTES_MIN
      ? inside(name, type, dims, bytes)
      : graph.externalTensor(name, type, dims, bytes.length, parts.add(bytes))
  const fits = weightBytes <= (options.graphBytesMax ?? GRAPH_BYTES_MAX)
  writeDecoder(graph, fits ? inside : outside, decoder)
  return new Map([['model.onnx', graph.message()], ...parts.files()])
}

/** Files of tensors one after the other, each below what one read of a file may bring. */
class ExternalParts {
  readonly #parts: { readonly tensors: LateBytes[]; length: number }[] = []

  add(bytes: LateBytes) {
    let part = this.#parts.at(-1)
    if (part === undefined || part.length + bytes.length > WEIGHTS_FILE_BYTES_MAX) {
      part = { tensors: [], length: 0 }
      this.#parts.push(part)
    }
    const offsetBytes = part.length
    part.tensors.push(bytes)
    part.length += bytes.length
    return { location: partName(this.#parts.length - 1), offsetBytes }
  }

  files(): [string, LateBytes][] {
    return this.#parts.map(({ tensors, length }, index) => [
      partName(index),
      {
        length,
        *chunks() {
          for (const tensor of tensors) yield* tensor.chunks()
        },
      },
    ])
  }
}

/** As exporters name them. */
function partName(index: number): string {
  return index === 0 ? 'model.onnx_data' : `model.onnx_data_${index}`
}

/** Under another name until it is whole: half a model must not look like one. */
async function writeWhole(
  path: string,
  bytes: LateBytes,
  signal: AbortSignal | undefined,
): Promise<void> {
  const part = `${path}.part`
  const file = await open(part, 'w')
  try {
    // Thousands of chunks are a few bytes long: they go together.
    const buffer = new Uint8Array(1 << 20)
    let used = 0
    for (const chunk of bytes.chunks()) {
      if (used + chunk.length > buffer.length) {
        signal?.throwIfAborted()
        await file.write(buffer, 0, used)
        used = 0
      }
      if (chunk.length > buffer.length) await writeAll(file, chunk)
      else {
        buffer.set(chunk, used)
        used += chunk.length
      }
    }
    signal?.throwIfAborted()
    await file.write(buffer, 0, used)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  } finally {
    await file.close()
  }
  await rename(part, path)
}

async function writeAll(file: Awaited<ReturnType<typeof open>>, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    at += (await file.write(chunk, at, chunk.length - at)).bytesWritten
  }
}

function textFiles(options: SyntheticModelOptions, modelId: string): Record<string, string> {
  const { shape, quantisation, seed } = options
  return {
    ...syntheticTokenizerFiles(shape.vocabularySize),
    'generation_config.json': JSON.stringify({ eos_token_id: SYNTHETIC_END_TOKEN_ID }),
    'config.json': `${JSON.stringify(configOf(shape, modelId), null, 2)}\n`,
    'README.md': `# ${modelId}

SYNTHETIC: random weights in the shape of ${options.shapeName}, made by \`cocoon models synth\` for work on
speed. It has learned nothing and says nothing. Weights: ${quantisation}, seed ${seed}; the same options make the
same bytes. The output head is not tied to the embedding.
`,
  }
}

function configOf(shape: DecoderShape, modelId: string) {
  return {
    _name_or_path: modelId,
    synthetic: 'random weights: this model has learned nothing',
    model_type: shape.modelType,
    architectures: [shape.modelType === 'qwen3' ? 'Qwen3ForCausalLM' : 'LlamaForCausalLM'],
    vocab_size: shape.vocabularySize,
    hidden_size: shape.width,
    intermediate_size: shape.feedForward,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    num_key_value_heads: shape.cacheHeads,
    head_dim: shape.headSize,
    hidden_act: 'silu',
    max_position_embeddings: shape.contextTokens,
    rms_norm_eps: shape.normEpsilon,
    rope_theta: shape.ropeTheta,
    tie_word_embeddings: false,
    eos_token_id: SYNTHETIC_END_TOKEN_ID,
    transformers_js_config: { kv_cache_dtype: 'float32' },
  }
}
