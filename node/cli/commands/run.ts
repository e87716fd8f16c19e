/** `cocoon run MODEL "PROMPT"`: tokens to stdout, everything else to stderr. */
import type { Command } from 'commander'
import type { RequestDocument } from '#node/gateway/api-schema.ts'
import { TOKENS_MAX } from '#node/gateway/constants.ts'
import type { ChatQuestion } from '#node/gateway/local-api-client.ts'
import { shortProvider } from '#node/text.ts'
import type { CliContext } from '../context.ts'
import { showEstimate, sumOfEstimates } from '../estimate-text.ts'
import { withRemedy } from '../interrupts.ts'
import { parseCount, parseCountIn, parseTemperature } from '../numbers.ts'
import { localApi, type TargetOptions, withTarget } from '../target.ts'
import { verdictLine } from '../verdict-text.ts'

interface RunOptions extends TargetOptions {
  readonly system?: string
  readonly maxTokens?: number
  readonly temperature?: number
  readonly seed?: number
  readonly estimate?: boolean
}

const ESTIMATE_AGAIN = 'Ask again: nothing was paid.'
const AGAIN = 'Ask again; the receipt for what came is in `cocoon receipts list`.'

export function runCommand(program: Command, context: CliContext): void {
  withTarget(program.command('run'))
    .description('ask one question; tokens to stdout, route, price and verdict to stderr')
    .argument('<model>', 'model id, as in `cocoon offers`')
    .argument('<prompt>', 'the question')
    .option('--system <text>', 'system message')
    .option('--max-tokens <n>', 'new tokens at most', parseCountIn(1, TOKENS_MAX))
    .option('--temperature <t>', '0 (greedy, the default) to 2', parseTemperature)
    .option('--seed <n>', 'seed of the sampling', parseCount)
    .option('--estimate', 'only say what it would cost')
    .action((model: string, prompt: string, options: RunOptions) =>
      withRemedy(context.interrupts.first, options.estimate ? ESTIMATE_AGAIN : AGAIN, () =>
        run(model, prompt, options, context),
      ),
    )
}

async function run(
  model: string,
  prompt: string,
  options: RunOptions,
  context: CliContext,
): Promise<void> {
  const { output, settings, interrupts } = context
  const api = localApi(options, settings)
  if (options.estimate) {
    const estimate = await api.estimateChat(questionOf(model, prompt, options), interrupts.first)
    return showEstimate(sumOfEstimates([estimate]), options.json === true, context)
  }
  const startedAtMs = performance.now()
  const stream = await api.chat(questionOf(model, prompt, options), interrupts.first)
  output.talk(`route    ${shortProvider(stream.provider)}, tier ${stream.tier}`)
  let answer = ''
  let firstAtMs: number | undefined
  try {
    for await (const text of stream.deltas) {
      firstAtMs ??= performance.now()
      answer += text
      if (!options.json) output.piece(text)
    }
  } catch (error) {
    // What went wrong begins a line of its own.
    if (!options.json && answer !== '') output.piece('\n')
    throw error
  }
  const generatedMs = performance.now() - (firstAtMs ?? startedAtMs)
  const request = await api.request(stream.requestId)
  if (options.json) output.json({ answer, ...request })
  else output.piece('\n')
  summarise(request, generatedMs, context)
}

function questionOf(model: string, prompt: string, options: RunOptions): ChatQuestion {
  const { system, maxTokens, temperature, seed } = options
  const user = { role: 'user', content: prompt } as const
  return {
    model,
    messages: system === undefined ? [user] : [{ role: 'system', content: system }, user],
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(seed === undefined ? {} : { seed }),
  }
}

function summarise(request: RequestDocument, generatedMs: number, context: CliContext): void {
  const { output, coins } = context
  const { promptTokens, completionTokens } = request.usage
  // The first token's time is waiting, not generating.
  const rate = completionTokens > 1 ? ((completionTokens - 1) * 1000) / generatedMs : 0
  output.talk(`choice   ${request.reason}`)
  output.talk(`verdict  ${verdictLine(request.verdict)}`, request.verdict.ok ? undefined : 'red')
  output.talk(
    `price    ${coins(BigInt(request.priceNano))} for ${promptTokens} + ${completionTokens} tokens`,
  )
  output.talk(
    `speed    ${rate.toFixed(1)} tok/s, first token after ${request.timings.firstTokenMs} ms`,
  )
  output.talk(`receipt  ${request.receiptFile}`)
}
