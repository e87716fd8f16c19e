/** `cocoon why [REQUEST]`: explains one request, running client or not. */
import path from 'node:path'
import type { Command } from 'commander'
import { clientHome, withClientStore } from '#node/history/client-home.ts'
import { table } from '#node/text.ts'
import { readStories } from '#node/why/read-stories.ts'
import type { Story } from '#node/why/story.ts'
import { storyLine, tellStory } from '#node/why/tell.ts'
import { servedStoryLine, tellServedStory } from '#node/why/tell-served.ts'
import { CocoonError, ConfigError } from '#protocol/errors.ts'
import type { CliContext } from '../context.ts'
import { roleDir } from '../peer-home.ts'
import { servedStories } from '../served-stories.ts'
import { localApi, type TargetOptions, withTarget } from '../target.ts'

interface WhyOptions extends TargetOptions {
  readonly list?: boolean
  readonly client?: string
  /** True: the provider of the usual folder. */
  readonly provider?: string | true
}

export function whyCommand(program: Command, context: CliContext): void {
  withTarget(program.command('why'))
    .description('explain one request: offers, choice, verdict, timings, money, failovers')
    .argument('[request]', 'id of the request, of its receipt or of the HTTP answer; the last one')
    .option('--list', 'the requests that can be explained, newest first')
    .option('--client <dir>', 'data folder of a client that does not run')
    .option('--provider [dir]', 'what a provider here tells of a request that it served')
    .action((request: string | undefined, options: WhyOptions) => why(request, options, context))
}

async function why(
  request: string | undefined,
  options: WhyOptions,
  context: CliContext,
): Promise<void> {
  const { output, coins } = context
  if (options.provider !== undefined) return whyServed(request, options, context)
  const stories = await storiesOf(options, context)
  if (options.list) {
    if (options.json) return output.json(stories)
    return output.result(list(stories.map(storyLine), 'PROVIDER OR CODE'))
  }
  const story =
    request === undefined ? stories[0] : stories.find((one) => isNamed(idsOf(one), request))
  if (story === undefined) throw notFound(request, '`cocoon why --list`')
  if (options.json) output.json(story)
  else output.result(tellStory(story, coins))
}

/** The provider's side of it: its id on the wire is the same on both. */
async function whyServed(
  request: string | undefined,
  { provider, list: isList, json }: WhyOptions,
  { output, coins, settings }: CliContext,
): Promise<void> {
  const dir = typeof provider === 'string' ? provider : roleDir('provider', settings.dataRoot)
  const stories = await servedStories(path.resolve(dir))
  if (isList) {
    if (json) return output.json(stories)
    return output.result(list(stories.map(servedStoryLine), 'CLIENT OR REASON'))
  }
  const story =
    request === undefined
      ? stories[0]
      : stories.find((one) => isNamed([one.id, one.receipt?.id ?? ''], request))
  if (story === undefined) throw notFound(request, '`cocoon why --provider --list`')
  if (json) output.json(story)
  else output.result(tellServedStory(story, coins))
}

function list(rows: readonly (readonly string[])[], last: string): string {
  const titles = ['WHEN', 'REQUEST', 'OUTCOME', last]
  return table(
    rows,
    titles.map((title, at) => ({ title, cell: (row) => row[at]! })),
  )
}

function notFound(request: string | undefined, where: string): ConfigError {
  const message = `no such request is remembered: ${request ?? 'none at all'}`
  return new ConfigError('NOT_FOUND', message, {
    remedy: `See ${where}; the newest thousand are kept.`,
  })
}

/** The shortest beginning that is taken for an id. */
const PREFIX_CHARS_MIN = 8

const idsOf = (story: Story): string[] => [story.id, ...story.names, story.receipt?.id ?? '']

function isNamed(ids: readonly string[], request: string): boolean {
  return ids.some(
    (id) => id === request || (request.length >= PREFIX_CHARS_MIN && id.startsWith(request)),
  )
}

/** From the running client; from the store of one that has ended when nobody answers. */
async function storiesOf(options: WhyOptions, { settings }: CliContext): Promise<readonly Story[]> {
  if (options.client === undefined) {
    try {
      return await localApi(options, settings).stories()
    } catch (thrown) {
      if (!isAbsent(thrown)) throw thrown
    }
  }
  const home = clientHome({ dataDir: options.client, dataRoot: settings.dataRoot })
  return withClientStore(home, (store) => readStories(store))
}

const ABSENT = new Set(['API_UNREACHABLE', 'NO_TESTNET', 'STATUS_FILE'])

export function isAbsent(thrown: unknown): boolean {
  return thrown instanceof CocoonError && ABSENT.has(thrown.code)
}
