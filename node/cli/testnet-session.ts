/** A testnet from start to Ctrl-C, or through one question with --once. */
import { readFileSync } from 'node:fs'
import { toJson } from '#node/gateway/json.ts'
import { chainFees } from '#node/testnet/chain-fees.ts'
import { DEFAULT_MACHINES, planTestnet, providerNames, randomSeed } from '#node/testnet/derive.ts'
import type { ChainTotals } from '#node/testnet/devchain-rpc.ts'
import { eventPrinter } from '#node/testnet/event-text.ts'
import { realParts, type TestnetParts } from '#node/testnet/parts.ts'
import { statusBesideNetworkFile } from '#node/testnet/status.ts'
import { type RunningTestnet, startTestnet } from '#node/testnet/testnet.ts'
import type { CliContext } from './context.ts'
import { EXIT } from './failure.ts'
import { aborted, unlessInterrupted } from './interrupts.ts'
import { runOnce } from './once.ts'
import { feesDocument, feesText } from './once-fees.ts'
import type { TestnetCommandOptions } from './options.ts'
import { testnetDir } from './target.ts'
import type { Say, Telling } from './telling.ts'
import { conservationLine, testnetBanner } from './testnet-text.ts'

export async function runTestnet(
  options: TestnetCommandOptions,
  context: CliContext,
  parts: TestnetParts = realParts,
): Promise<void> {
  const { output, interrupts, settings } = context
  const say: Say = options.json ? (line) => output.talk(line) : (line) => output.result(line)
  const startedAtMs = Date.now()
  const seed = options.seed ?? randomSeed()
  say(`seed ${seed}`)
  const nameOf = providerNames(planTestnet(seed, options.providers, options.clients))
  const print = eventPrinter({ coins: context.coins, startedAtMs, nameOf })
  const starting = startTestnet({
    seed,
    providers: options.providers,
    machines: {
      tee: options.tee ?? DEFAULT_MACHINES.tee,
      gpus: options.gpus ?? DEFAULT_MACHINES.gpus,
    },
    clients: options.clients,
    testnetDir: testnetDir(options, settings),
    apiPort: options.apiPort ?? settings.apiPort,
    apiPortFallback: options.once ?? false,
    claimsAtOnce: options.once ?? false,
    restart: options.restart ?? false,
    logLevel: settings.logLevel,
    onEvent(event) {
      if (options.json && !options.once) return output.result(toJson(event))
      const line = print(event)
      if (line !== undefined) say(line)
    },
    parts,
  })
  // Its processes stop by themselves when this one is gone.
  const testnet = await unlessInterrupted(starting, interrupts.first)
  // Children that are killed leave nothing half-written: what they owe is on the disk before the wire.
  interrupts.second.addEventListener('abort', () => {
    testnet.kill()
    process.exit(EXIT.interrupted)
  })
  sayPortFallback(options, context, testnet, say)
  if (options.json && !options.once) {
    output.json({ kind: 'ready', ...statusBesideNetworkFile(testnet.run.networkFile) })
  }
  say(testnetBanner(testnet, context.coins))
  say(`ready in ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s`)
  if (options.once) await once(testnet, options, context, { say, nameOf })
  else await untilInterrupted(testnet, options, context, say)
}

async function untilInterrupted(
  testnet: RunningTestnet,
  options: TestnetCommandOptions,
  context: CliContext,
  say: Say,
): Promise<void> {
  await aborted(context.interrupts.first)
  say('settling: channels close, receipts are anchored (Ctrl-C again to stop at once)')
  for (const settled of await testnet.settle()) {
    const claimed = context.coins(BigInt(settled.claimedNano))
    say(
      `  ${settled.channel}  claimed ${claimed}, refunded ${context.coins(BigInt(settled.refundedNano))}`,
    )
  }
  const totals = await testnet.stop()
  const conserved = concludeWith(totals, context, say)
  if (options.json) context.output.json({ kind: 'stopped', conserved, ...totals })
}

async function once(
  testnet: RunningTestnet,
  options: TestnetCommandOptions,
  context: CliContext,
  told: Telling,
): Promise<void> {
  let document: Awaited<ReturnType<typeof runOnce>>
  try {
    document = await runOnce(testnet, options, context, told)
  } catch (error) {
    await testnet.stop().catch(() => undefined)
    throw error
  }
  const totals = await testnet.stop()
  const fees = chainFees(readFileSync(testnet.run.snapshotFile, 'utf8'))
  told.say(feesText(fees, context.coins))
  if (fees.totalNano !== fees.takenNano) context.exitWith(EXIT.failed)
  const conserved = concludeWith(totals, context, told.say)
  const more = { fees: feesDocument(fees), conserved, seed: testnet.seed }
  if (options.json) context.output.json({ ...document, ...more })
}

/** Prints the books; exit 1 when a nanoTON is missing or too many. */
function concludeWith(totals: ChainTotals, context: CliContext, say: Say): boolean {
  const { line, conserved } = conservationLine(totals, context.coins)
  say(line)
  if (!conserved) context.exitWith(EXIT.failed)
  return conserved
}

function sayPortFallback(
  options: TestnetCommandOptions,
  { settings }: CliContext,
  testnet: RunningTestnet,
  say: Say,
): void {
  const wanted = options.apiPort ?? settings.apiPort
  if (wanted === 0 || testnet.apiUrl.endsWith(`:${wanted}`)) return
  say(`port ${wanted} is taken, the API is on ${testnet.apiUrl} instead`)
}
