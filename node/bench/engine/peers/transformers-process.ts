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

/** When each step was over: transformers.js hands on the prompt first, then the ids of every step. */
class StepTimes {
  readonly endsMs: number[] = []

  put(): void {
    this.endsMs.push(performance.now())
  }

  end(): void {}
}

/** Prompts of one length, so that none is padded. Timed from the first new token to the last, then the text. */
async function stepMs({ streams, promptTokens, tokens, salt }: DecodeTask): Promise<number> {
  const ids = Array.from({ length: streams }, (_, stream) =>
    promptIds(promptTokens, stream, salt, Number(vocabulary)),
  ).flat()
  const dims = [streams, promptTokens]
  const newTokens = 1 + tokens
  const streamer = new StepTimes()
  const out = await model.generate({
    input_ids: new Tensor('int64', BigInt64Array.from(ids, BigInt), dims),
    attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), dims),
    max_new_tokens: newTokens,
    min_new_tokens: newTokens,
    do_sample: false,
    streamer,
  })
  const textStartMs = performance.now()
  tokenizer.batch_decode(out, { skip_special_tokens: true })
  const textMs = performance.now() - textStartMs
  const [, first = Number.NaN] = streamer.endsMs
  const steps = streamer.endsMs.length - 2
  if (steps !== tokens) throw new RangeError(`${steps} steps instead of ${tokens}`)
  return ((streamer.endsMs.at(-1) ?? Number.NaN) - first + textMs) / tokens
}

servePeer({ stepMs })
