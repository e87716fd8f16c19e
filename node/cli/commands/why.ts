/** `cocoon why [REQUEST]`: explains one request, running client or not. */
import type { Command } from 'commander'
import { clientHome, withClientStore } from '#node/history/client-home.ts'
import { table } from '#node/text.ts'
import { readStories } from '#node/why/read-stories.ts'
import type { Story } from '#node/why/story.ts'
import { storyLine, tellStory } from '#node/why/tell.ts'
import { CocoonError, ConfigError } from '#protocol/errors.ts'
import type { CliContext } from '../context.ts'
import { localApi, type TargetOptions, withTarget } from '../target.ts'

interface WhyOptions extends TargetOptions {
  readonly list?: boolean
  readonly client?: string
}

export function whyCommand(program: Command, context: CliContext): void {
  withTarget(program.command('why'))
    .description('explain one request: offers, choice, verdict, timings, money, failovers')
    .argument('[request]', 'id of the request, of its receipt or of the HTTP answer; the last one')
    .option('--list', 'the requests that can be explained, newest first')
    .option('--client <dir>', 'data folder of a client that does not run')
    .action((request: string | undefined, options: WhyOptions) => why(request, options, context))
}

async function why(
  request: string | undefined,
  options: WhyOptions,
  context: CliContext,
): Promise<void> {
  const { output, coins } = context
  const stories = await storiesOf(options, context)
  if (options.list) {
    if (options.json) return output.json(stories)
    const titles = ['WHEN', 'REQUEST', 'OUTCOME', 'PROVIDER OR CODE']
    return output.result(
      table(
        stories.map(storyLine),
        titles.map((title, at) => ({ title, cell: (row) => row[at]! })),
      ),
    )
  }
  const story = request === undefined ? stories[0] : stories.find((one) => isNamed(one, request))
  if (story === undefined) {
    throw new ConfigError(
      'NOT_FOUND',
      `no such request is remembered: ${request ?? 'none at all'}`,
      {
        remedy: 'See `cocoon why --list`; the newest thousand are kept.',
      },
    )
  }
  if (options.json) output.json(story)
  else output.result(tellStory(story, coins))
}

/** The shortest beginning that is taken for an id. */
const PREFIX_CHARS_MIN = 8

function isNamed(story: Story, request: string): boolean {
  const ids = [story.id, ...story.names, story.receipt?.id ?? '']
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
