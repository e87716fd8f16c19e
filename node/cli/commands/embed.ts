/** `cocoon embed`: vectors of texts to stdout, in the order of the texts; everything else to stderr. */
import type { Command } from 'commander'
import type { EstimateDocument } from '#node/gateway/api-schema.ts'
import type { LocalApi } from '#node/gateway/local-api-client.ts'
import { EMBEDDING_DIMENSIONS_MAX } from '#protocol/constants.ts'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import type { CliContext } from '../context.ts'
import { EmbedRun } from '../embed-run.ts'
import { inRequests, readTexts, type StandardInput } from '../embed-texts.ts'
import { showEstimate, sumOfEstimates } from '../estimate-text.ts'
import { parseCoins, parseCount, parseCountIn } from '../numbers.ts'
import { localApi, type TargetOptions, withTarget } from '../target.ts'

interface EmbedOptions extends TargetOptions {
  readonly model?: string
  readonly file?: string
  readonly dimensions?: number
  readonly priceCap?: bigint
  readonly skip: number
  readonly estimate?: boolean
}

export function embedCommand(
  program: Command,
  context: CliContext,
  input: StandardInput = process.stdin,
): void {
  withTarget(program.command('embed'))
    .description('vectors of texts: a JSON array a line to stdout; route and price to stderr')
    .argument('[texts...]', 'the texts; without one the standard input, a text a line')
    .option('--model <id>', 'model id (default: the only one on offer that embeds)')
    .option('--file <file>', 'one text a line; - is the standard input')
    .option(
      '--dimensions <n>',
      "refused unless it is what the model gives: vectors aren't shortened",
      parseCountIn(1, EMBEDDING_DIMENSIONS_MAX),
    )
    .option('--price-cap <coins>', 'for all texts together, for example 0.05', parseCoins)
    .option('--skip <n>', 'texts that an earlier run did', parseCount, 0)
    .option('--estimate', 'only say what it would cost')
    .action((words: readonly string[], options: EmbedOptions) =>
      embed(words, options, context, input),
    )
}

async function embed(
  words: readonly string[],
  options: EmbedOptions,
  context: CliContext,
  input: StandardInput,
): Promise<void> {
  const { settings, interrupts } = context
  const signal = interrupts.first
  const texts = await readTexts({ words, file: options.file }, input, signal)
  const rest = texts.slice(options.skip)
  if (rest.length === 0) {
    throw new ConfigError('USAGE', `there are ${texts.length} texts, all of them passed over`, {
      remedy: 'Pass a smaller number with --skip.',
    })
  }
  const api = localApi(options, settings)
  const model = options.model ?? (await onlyEncoder(api))
  const { dimensions } = options
  const asked = { model, ...(dimensions === undefined ? {} : { dimensions }) }
  if (options.estimate) return estimate(api, asked, rest, options, context)
  const run = new EmbedRun(options, rest.length, context)
  try {
    for (const part of inRequests(rest)) {
      run.add(await api.embed({ ...asked, texts: part, ...run.cap }, signal))
    }
  } catch (error) {
    const remedy = run.howToGoOn
    if (signal.aborted) throw new UnavailableError('INTERRUPTED', 'interrupted', { remedy })
    if (run.textsDone > 0) context.output.talk(remedy)
    throw error
  }
  run.end(model)
}

type Asked = { readonly model: string; readonly dimensions?: number }

async function estimate(
  api: LocalApi,
  asked: Asked,
  texts: readonly string[],
  { json }: EmbedOptions,
  context: CliContext,
): Promise<void> {
  const ask = (part: readonly string[]) =>
    api.estimateEmbed({ ...asked, texts: part }, context.interrupts.first)
  const [first, ...more] = inRequests(texts)
  const parts: [EstimateDocument, ...EstimateDocument[]] = [await ask(first!)]
  for (const part of more) parts.push(await ask(part))
  showEstimate(sumOfEstimates(parts), json === true, context)
}

/** @throws ConfigError MODEL_NOT_NAMED */
async function onlyEncoder(api: LocalApi): Promise<string> {
  const encoders = (await api.models()).data.filter(({ kind }) => kind === 'embedding')
  const offered = encoders.filter(({ providers }) => providers > 0)
  const [only, ...others] = offered.length > 0 ? offered : encoders
  if (only !== undefined && others.length === 0) return only.id
  const names = [only, ...others].flatMap((one) => one?.id ?? [])
  const choice = names.length === 0 ? 'none on offer embeds' : `on offer: ${names.join(', ')}`
  throw new ConfigError('MODEL_NOT_NAMED', `which model shall embed? ${choice}`, {
    remedy: 'Name one with --model; `cocoon offers` shows what there is.',
  })
}
