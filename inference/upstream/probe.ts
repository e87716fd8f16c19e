/** Finds out what server is at an address, whether it serves a model, and whether it gives token ids. */
import { z } from 'zod'
import { asCocoonError, type CocoonError } from '#protocol/errors.ts'
import {
  UPSTREAM_STREAM_BYTES_BASE,
  UPSTREAM_TRIAL_TIMEOUT_MS,
  UPSTREAM_VERSION_CHARS_MAX,
} from './constants.ts'
import { DIALECT_NAMES, type Dialect, type DialectName } from './dialects/dialect.ts'
import { llamaCppDialect } from './dialects/llama-cpp.ts'
import { openaiDialect } from './dialects/openai.ts'
import { sglangDialect } from './dialects/sglang.ts'
import { vllmDialect } from './dialects/vllm.ts'
import { drifted, malformed, modelMissing } from './errors.ts'
import { getDocument, postStream, type UpstreamAccess } from './http.ts'
import { readEvents } from './sse.ts'

const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  vllm: vllmDialect,
  sglang: sglangDialect,
  'llama-cpp': llamaCppDialect,
  openai: openaiDialect,
}

export type DialectChoice = DialectName | 'auto'
export const DIALECT_CHOICES: readonly DialectChoice[] = ['auto', ...DIALECT_NAMES]

export interface UpstreamServer {
  readonly dialect: Dialect
  /** Printable ASCII; `unknown` where it does not say. */
  readonly version: string
  /** Tokens of prompt and answer together; undefined where it does not say. */
  readonly contextTokens: number | undefined
}

const Version = z.object({ version: z.string() })
const SglangInfo = z.object({ model_path: z.string() })
const LlamaProps = z.object({
  default_generation_settings: z.object({ n_ctx: z.int().min(2).nullish() }),
  build_info: z.string().nullish(),
})
const Models = z.object({
  data: z
    .array(z.object({ id: z.string().max(1_024), max_model_len: z.int().min(2).nullish() }))
    .max(10_000),
})

/**
 * Asks /health, who it is, and its list of models.
 * @throws UnavailableError UPSTREAM_UNREACHABLE, UPSTREAM_TIMEOUT, UPSTREAM_BUSY, UPSTREAM_REFUSED,
 *   UPSTREAM_MALFORMED, UPSTREAM_MODEL
 */
export async function probeUpstream(
  access: UpstreamAccess,
  model: string,
  choice: DialectChoice,
): Promise<UpstreamServer> {
  // A server that still loads answers 503; one without this path is asked for its models all the same.
  await getDocument(access, '/health')
  const contextTokens = await contextOf(access, model)
  const found = await recognise(access)
  const dialect = DIALECTS[choice === 'auto' ? found.name : choice]
  return { dialect, version: found.version, contextTokens: contextTokens ?? found.contextTokens }
}

async function contextOf(access: UpstreamAccess, model: string): Promise<number | undefined> {
  const models = Models.safeParse(await getDocument(access, '/v1/models'))
  if (!models.success) throw malformed('no list of models')
  const served = models.data.data.find(({ id }) => id === model)
  if (served === undefined) throw modelMissing(model)
  return served.max_model_len ?? undefined
}

interface Recognised {
  readonly name: DialectName
  readonly version: string
  readonly contextTokens?: number | undefined
}

async function recognise(access: UpstreamAccess): Promise<Recognised> {
  const props = LlamaProps.safeParse(await optional(access, '/props'))
  if (props.success) {
    const { build_info, default_generation_settings } = props.data
    const contextTokens = default_generation_settings.n_ctx ?? undefined
    return { name: 'llama-cpp', version: printable(build_info), contextTokens }
  }
  if (SglangInfo.safeParse(await optional(access, '/get_model_info')).success) {
    const info = Version.safeParse(await optional(access, '/get_server_info'))
    return { name: 'sglang', version: printable(info.data?.version) }
  }
  const version = Version.safeParse(await optional(access, '/version'))
  if (version.success) return { name: 'vllm', version: printable(version.data.version) }
  return { name: 'openai', version: 'unknown' }
}

/** What only some servers have; a refusal there means that this is another server. */
async function optional(access: UpstreamAccess, path: string): Promise<unknown> {
  try {
    return await getDocument(access, path)
  } catch (thrown) {
    if (asCocoonError(thrown).code === 'UPSTREAM_REFUSED') return undefined
    throw thrown
  }
}

function printable(text: string | null | undefined): string {
  const clean = (text ?? '').replace(/[^\x21-\x7e]+/g, ' ').trim()
  return clean.slice(0, UPSTREAM_VERSION_CHARS_MAX) || 'unknown'
}

/**
 * One token of a prompt of two ids: whether the answer comes as ids is seen, not believed.
 * @throws UnavailableError as an answer does; UPSTREAM_DRIFT when ids were promised and none came
 */
export async function tryUpstream(
  access: UpstreamAccess,
  dialect: Dialect,
  ask: { readonly model: string; readonly tokenIds: readonly number[]; readonly cacheSalt: string },
): Promise<void> {
  const signal = access.timeoutSignal(UPSTREAM_TRIAL_TIMEOUT_MS)
  const body = dialect.body({
    ...ask,
    messages: [{ role: 'user', content: 'Hi' }],
    maxTokens: 1,
    sampling: { temperature: 0, topP: 1, seed: 0n },
  })
  const stream = await postStream(access, dialect.path, body, signal)
  const read = dialect.reader()
  let ids = 0
  let isFinished = false
  let pieces = 0
  const limits = { bytesMax: UPSTREAM_STREAM_BYTES_BASE, moves: () => pieces }
  for await (const data of readEvents(stream, access, limits)) {
    if (data === '[DONE]') break
    const piece = read(parsed(data))
    if (piece.model !== undefined && piece.model !== ask.model) throw drifted('model')
    const added = piece.ids?.length ?? 0
    ids += added
    if (added > 0 || piece.text !== '') pieces++
    isFinished ||= piece.finish === 'length' || piece.finish === 'stop'
  }
  if (!isFinished) throw malformed('no end of a trial answer')
  if (dialect.exactTokenIds && ids !== 1) throw drifted('ids')
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    throw malformed('an event that is not JSON')
  }
}

/** The same server without ids: every one of the known kinds also has OpenAI's chat endpoint. */
export function withoutIds(thrown: unknown): Dialect | undefined {
  const error: CocoonError = asCocoonError(thrown)
  const hasNoIds = error.code === 'UPSTREAM_DRIFT' && error.data['rule'] === 'ids'
  return hasNoIds || error.code === 'UPSTREAM_REFUSED' ? openaiDialect : undefined
}
