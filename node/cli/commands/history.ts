/** `cocoon history export|delete`: what this machine remembers of requests, out or away. */
import type { Command } from 'commander'
import { clientHome, withClientStore } from '#node/history/client-home.ts'
import { historyCsv } from '#node/history/csv.ts'
import { type HistorySource, historyEntries } from '#node/history/entry.ts'
import { eraseHistory, type Selection } from '#node/history/erase.ts'
import { readStories } from '#node/why/read-stories.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { CliContext } from '../context.ts'
import { parseDate } from '../dates.ts'
import { localApi, type TargetOptions, withTarget } from '../target.ts'
import { isAbsent } from './why.ts'

interface ExportOptions extends TargetOptions {
  readonly csv?: boolean
  readonly since?: number
  readonly client?: string
}

interface DeleteOptions {
  readonly before?: number
  readonly request?: string
  readonly all?: boolean
  readonly client?: string
  readonly json?: boolean
}

export function historyCommand(program: Command, context: CliContext): void {
  const history = program.command('history').description('what was asked, of whom, for how much')
  withTarget(history.command('export'))
    .description('to stdout, oldest first; never a prompt or an answer')
    .option('--csv', 'CSV, safe for spreadsheets (the default is --json)')
    .option('--since <date>', 'only from this day or moment on, for example 2026-11-01', parseDate)
    .option('--client <dir>', 'data folder of a client that does not run')
    .action((options: ExportOptions) => exportHistory(options, context))
  history
    .command('delete')
    .description('erase prompts, answers, salts and receipt files here; never what is owed')
    .option('--before <date>', 'everything older than this', parseDate)
    .option('--request <id>', 'one request, by any of its ids')
    .option('--all', 'everything')
    .option('--client <dir>', 'data folder of the client, which must not run')
    .option('--json', 'one JSON document to stdout')
    .action((options: DeleteOptions) => deleteHistory(options, context))
}

async function exportHistory(options: ExportOptions, context: CliContext): Promise<void> {
  const { output } = context
  if (options.csv && options.json) {
    throw new ConfigError('USAGE', '--csv and --json exclude each other')
  }
  const entries = historyEntries(await sourceOf(options, context), options.since ?? 0)
  if (options.csv) output.piece(historyCsv(entries))
  else output.json(entries)
}

async function sourceOf(options: ExportOptions, { settings }: CliContext): Promise<HistorySource> {
  if (options.client === undefined) {
    try {
      const api = localApi(options, settings)
      return { stories: await api.stories(), receipts: await api.receipts() }
    } catch (thrown) {
      if (!isAbsent(thrown)) throw thrown
    }
  }
  const home = clientHome({ dataDir: options.client, dataRoot: settings.dataRoot })
  return withClientStore(home, (store) => ({
    stories: readStories(store),
    receipts: store.receipts(),
  }))
}

function deleteHistory(options: DeleteOptions, { output, settings }: CliContext): void {
  const selection = selectionOf(options)
  const home = clientHome({ dataDir: options.client, dataRoot: settings.dataRoot })
  const erased = withClientStore(home, (store) => eraseHistory(store, home, selection))
  if (options.json) {
    output.json({ home, ...erased })
    return
  }
  const { requests, receipts, jobs, answers, files } = erased
  const counts = `${requests} requests, ${receipts} receipts, ${jobs} jobs, ${files} files`
  if (selection.kind !== 'request') {
    output.result(`deleted from ${home}: ${counts}`)
    return
  }
  output.result(`deleted from ${home}: ${counts}, ${answers} answers in results of jobs`)
  output.talk(
    'kept: files that were uploaded or written by batches, which may hold this request too\n' +
      '(`cocoon history delete --before DATE` deletes them), and what is owed on channels',
  )
}

function selectionOf({ before, request, all }: DeleteOptions): Selection {
  const selections: Selection[] = []
  if (before !== undefined) selections.push({ kind: 'before', ms: before })
  if (request !== undefined) selections.push({ kind: 'request', id: request })
  if (all) selections.push({ kind: 'all' })
  const [selection] = selections
  if (selection !== undefined && selections.length === 1) return selection
  throw new ConfigError('USAGE', 'say what to delete: one of --before, --request and --all')
}
