/** transformers.js on the very folder that ours reads: greedy, text at the end. Arguments: its entry, the folder. */
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { type DecodeTask, promptIds } from '../subject.ts'
import { servePeer } from './peer-messages.ts'

/** The part of @huggingface/transformers that is used here; the benchmark installs it. */
interface TransformersModule {
  readonly env: { allowRemoteModels: boolean; allowLocalModels: boolean; localModelPath: string }
  readonly AutoModelForCausalLM: { from_pretrained(id: string, options: object): Promise<Model> }
  readonly AutoTokenizer: { from_pretrained(id: string): Promise<Tokenizer> }
  readonly Tensor: new (type: string, data: BigInt64Array, dims: readonly number[]) => object
}
interface Model {
  generate(options: object): Promise<unknown>
}
interface Tokenizer {
  batch_decode(ids: unknown, options: object): readonly string[]
}

const [entry = '', folder = '', threads = '2', vocabulary = '0'] = process.argv.slice(2)
const { env, AutoModelForCausalLM, AutoTokenizer, Tensor } = (await import(
  pathToFileURL(entry).href
)) as TransformersModule
env.allowRemoteModels = false
env.allowLocalModels = true
env.localModelPath = `${path.dirname(folder)}/`
const id = path.basename(folder)
const model = await AutoModelForCausalLM.from_pretrained(id, {
  dtype: 'fp32',
  device: 'cpu',
  session_options: {
    intraOpNumThreads: Number(threads),
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  },
})
const tokenizer = await AutoTokenizer.from_pretrained(id)

/** Prompts of one length, so that none is padded; the time of `tokens` steps is that of two runs apart. */
async function stepMs(task: DecodeTask): Promise<number> {
  const short = await generateMs(task, 1)
  const long = await generateMs(task, 1 + task.tokens)
  return (long - short) / task.tokens
}

async function generateMs(task: DecodeTask, newTokens: number): Promise<number> {
  const { streams, promptTokens, salt } = task
  const ids = Array.from({ length: streams }, (_, stream) =>
    promptIds(promptTokens, stream, salt, Number(vocabulary)),
  ).flat()
  const dims = [streams, promptTokens]
  const startMs = performance.now()
  const out = await model.generate({
    input_ids: new Tensor('int64', BigInt64Array.from(ids, BigInt), dims),
    attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), dims),
    max_new_tokens: newTokens,
    min_new_tokens: newTokens,
    do_sample: false,
  })
  tokenizer.batch_decode(out, { skip_special_tokens: true })
  return performance.now() - startMs
}

servePeer({ stepMs })
