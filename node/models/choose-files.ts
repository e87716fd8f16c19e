/** Which files of a repository make one model: small files, one graph with its data, papers. */
import { MODEL_BYTES_MAX } from '#inference/constants.ts'
import { ConfigError } from '#protocol/errors.ts'
import { MODEL_PAPER_BYTES_MAX, MODEL_PAPERS_MAX } from './constants.ts'
import type { RepositoryFile } from './hub-repository.ts'
import { isModelPath, isPaper, sizeMaxOf, textFilesOf } from './model-paths.ts'

/** Forms of the weights by the file names that hubs use. Dynamic int8 is none: it is not exact. */
const GRAPHS = {
  q4: ['onnx/model_q4.onnx'],
  q8: ['onnx/model_q8.onnx'],
  q4f16: ['onnx/model_q4f16.onnx'],
  fp16: ['onnx/model_fp16.onnx'],
  fp32: ['onnx/model.onnx', 'onnx/model_fp32.onnx'],
} as const

export type Quantization = keyof typeof GRAPHS
export const QUANTIZATIONS = Object.keys(GRAPHS) as readonly Quantization[]

export interface ChosenFiles {
  /** What belongs to the model's identity. */
  readonly model: readonly RepositoryFile[]
  /** README and licence, kept beside it. */
  readonly papers: readonly RepositoryFile[]
  readonly graphPath: string
}

export interface Choice {
  readonly quantization?: Quantization | undefined
  /** Exact paths; one that ends in .onnx is the graph, whatever `quantization` says. */
  readonly include?: readonly string[]
}

/**
 * @throws ConfigError MODEL_GRAPH_MISSING, MODEL_FILE_MISSING, MODEL_FILE_TOO_LARGE, MODEL_UNVERIFIABLE
 */
export function chooseFiles(files: readonly RepositoryFile[], choice: Choice): ChosenFiles {
  const graphPath = chooseGraph(files, choice)
  const texts = textFilesOf(files.map(({ path }) => path))
  const include = new Set(choice.include)
  const isWanted = ({ path }: RepositoryFile) =>
    Object.hasOwn(texts, path) ||
    path === graphPath ||
    isDataOf(graphPath, path) ||
    include.has(path)
  const model = files.filter((file) => isModelPath(file.path) && isWanted(file))
  for (const [path, { required }] of Object.entries(texts)) {
    if (required && !model.some((file) => file.path === path)) throw missing(path)
  }
  for (const path of include) if (!model.some((file) => file.path === path)) throw missing(path)
  const papers = files
    .filter(({ path, sizeBytes }) => isPaper(path) && sizeBytes <= MODEL_PAPER_BYTES_MAX)
    .slice(0, MODEL_PAPERS_MAX)
  for (const file of model) checkFile(file)
  const totalBytes = model.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  if (totalBytes > MODEL_BYTES_MAX) throw tooLarge(graphPath, MODEL_BYTES_MAX)
  return { model, papers: papers.filter(isVerifiable), graphPath }
}

/** Without a wish: the first form that is there, in the order of GRAPHS. */
function chooseGraph(files: readonly RepositoryFile[], { quantization, include }: Choice): string {
  const graphs = files.map(({ path }) => path).filter((path) => /^onnx\/[^/]+\.onnx$/.test(path))
  const named = include?.find((path) => path.endsWith('.onnx'))
  const wanted =
    named !== undefined
      ? [named]
      : (quantization === undefined ? QUANTIZATIONS : [quantization]).flatMap((one) => GRAPHS[one])
  const found = wanted.find((path) => graphs.includes(path) && isModelPath(path))
  if (found !== undefined) return found
  const there = graphs.slice(0, 20).join(', ')
  throw new ConfigError('MODEL_GRAPH_MISSING', `the repository has no ${wanted.join(' or ')}`, {
    remedy:
      there === ''
        ? 'Use a repository with ONNX files in onnx/, such as those of onnx-community.'
        : `Choose with --quant, or name one with --include: ${there}.`,
  })
}

/** External data lies beside its graph and begins with its name. */
function isDataOf(graphPath: string, path: string): boolean {
  const name = graphPath.slice(0, -'.onnx'.length)
  const rest = path.startsWith(graphPath)
    ? path.slice(graphPath.length)
    : path.startsWith(name)
      ? path.slice(name.length)
      : ''
  return /^[._]data(?:_\d{1,3})?$/.test(rest)
}

const isVerifiable = ({ sha256, gitBlobId }: RepositoryFile): boolean =>
  sha256 !== undefined || gitBlobId !== undefined

function checkFile(file: RepositoryFile): void {
  const bytesMax = sizeMaxOf(file.path)
  if (file.sizeBytes > bytesMax) throw tooLarge(file.path, bytesMax)
  if (isVerifiable(file)) return
  throw new ConfigError('MODEL_UNVERIFIABLE', `the hub gives no hash of ${file.path}`, {
    remedy: 'Use a host that answers ?blobs=true as huggingface.co does.',
  })
}

function missing(path: string): ConfigError {
  return new ConfigError('MODEL_FILE_MISSING', `the repository has no ${path.slice(0, 100)}`, {
    remedy:
      'Use a chat or sentence-embedding model in the layout of the Hugging Face hub, with ONNX files in onnx/.',
    data: { path: path.slice(0, 100) },
  })
}

function tooLarge(path: string, bytesMax: number): ConfigError {
  return new ConfigError('MODEL_FILE_TOO_LARGE', `${path} of the model is too large`, {
    remedy: 'See docs/LIMITS.md for the largest file of each kind.',
    data: { path, bytesMax },
  })
}
