/** `cocoon jobs submit|list|results`. */
import type { Command } from 'commander'
import type { JobDocument, OfferDocument } from '#node/gateway/api-schema.ts'
import { counted, shortProvider, table } from '#node/text.ts'
import { ConfigError } from '#protocol/errors.ts'
import { readBounded } from '../bounded-file.ts'
import { JOB_FILE_BYTES_MAX } from '../constants.ts'
import type { CliContext } from '../context.ts'
import { parseJobFile } from '../job-file.ts'
import { parseCoins } from '../numbers.ts'
import { localApi, type TargetOptions, withTarget } from '../target.ts'

interface SubmitOptions extends TargetOptions {
  readonly model?: string
  readonly priceCap?: bigint
}

export function jobsCommand(program: Command, context: CliContext): void {
  const jobs = program.command('jobs').description('batch jobs, offered to every provider for bids')
  withTarget(jobs.command('submit'))
    .description('announce a job; its lines go to the winner only')
    .argument('<file>', 'JSON Lines: {"custom_id"?, "messages" or "prompt", "max_tokens"?}')
    .option('--model <id>', 'model id (default: the only one on offer)')
    .option('--price-cap <coins>', 'for the whole job, for example 0.05', parseCoins)
    .action((file: string, options: SubmitOptions) => submit(file, options, context))
  withTarget(jobs.command('list', { isDefault: true }))
    .description('all jobs of the running client')
    .action((options: TargetOptions) => list(options, context))
  withTarget(jobs.command('results'))
    .description('results of a job in line order, as JSON Lines')
    .argument('<id>', 'id of the job')
    .action((id: string, options: TargetOptions) => results(id, options, context))
}

async function submit(file: string, options: SubmitOptions, context: CliContext): Promise<void> {
  const { output, settings } = context
  const lines = parseJobFile(readBounded(file, JOB_FILE_BYTES_MAX).toString('utf8'))
  const api = localApi(options, settings)
  const model = options.model ?? onlyModel(await api.offers())
  const cap = options.priceCap === undefined ? {} : { priceCapNano: options.priceCap.toString() }
  const job = await api.submitJob({ model, lines, ...cap })
  if (options.json) return output.json(job)
  output.result(job.id)
  output.talk(
    `${counted(lines.length, 'line')} for ${model}; see them with: cocoon jobs results ${job.id}`,
  )
}

/** @throws ConfigError MODEL_NOT_NAMED */
function onlyModel(offers: readonly OfferDocument[]): string {
  const models = [...new Set(offers.map((offer) => offer.modelId))]
  if (models.length === 1) return models[0]!
  const choice = models.length === 0 ? 'nothing is on offer yet' : `on offer: ${models.join(', ')}`
  throw new ConfigError('MODEL_NOT_NAMED', `the job needs a model; ${choice}`, {
    remedy: 'Name one with --model.',
  })
}

async function list(options: TargetOptions, context: CliContext): Promise<void> {
  const { output, settings } = context
  const jobs = await localApi(options, settings).jobs()
  if (options.json) return output.json(jobs)
  const text = table<JobDocument>(jobs, [
    { title: 'JOB', cell: (job) => job.id },
    { title: 'MODEL', cell: (job) => job.model },
    { title: 'STATUS', cell: (job) => job.status },
    { title: 'LINES', cell: (job) => `${job.linesDone}/${job.lines}`, align: 'right' },
    { title: 'BIDS', cell: (job) => String(job.bids.length), align: 'right' },
    { title: 'WINNER', cell: (job) => (job.winner === null ? '-' : shortProvider(job.winner)) },
    { title: 'ERROR', cell: (job) => job.error ?? '' },
  ])
  output.result(text)
}

async function results(id: string, options: TargetOptions, context: CliContext): Promise<void> {
  const lines = await localApi(options, context.settings).jobResults(id)
  if (options.json) return context.output.json(lines)
  for (const line of lines) context.output.json(line)
}
