/** `cocoon chain`: the embedded TON by itself, for programs that speak toncenter v2. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { runChain } from '#node/chain/run-chain.ts'
import { CocoonError } from '#protocol/errors.ts'
import { type FaultRule, parseFault } from '#settlement/devchain/faults.ts'
import { PRICE_TABLES, type PriceTable } from '#settlement/devchain/prices.ts'
import type { CliContext } from '../context.ts'
import { aborted } from '../interrupts.ts'
import { parseCount, parseCountIn } from '../numbers.ts'

const PORT_MAX = 65_535
const INTERVAL_MS_MAX = 3_600_000
const TESTNET_GLOBAL_ID = -3

interface ChainOptions {
  readonly port: number
  readonly interval: number | 'instant'
  readonly data?: string
  readonly prices: PriceTable
  readonly fault: readonly FaultRule[]
  readonly seed: number
  readonly json?: boolean
}

export function chainCommand(program: Command, context: CliContext): void {
  program
    .command('chain')
    .description('an embedded TON on 127.0.0.1, for toncenter v2 clients, until Ctrl-C')
    .option('--port <n>', '0 picks a free one', parseCountIn(0, PORT_MAX), 0)
    .option('--interval <ms>', 'from block to block, or `instant`', parseInterval, 'instant')
    .option('--data <dir>', 'keep the chain in this folder (default: in memory)')
    .addOption(
      new Option('--prices <table>', 'gas, forward and storage prices of a new chain')
        .choices(PRICE_TABLES)
        .default(PRICE_TABLES[0]),
    )
    .option('--fault <rule>', 'KIND:key=value,… such as delay:probability=0.1', collectFault, [])
    .option('--seed <n>', 'the same faults again', parseCount, 1)
    .option('--json', 'one JSON document to stdout when it is ready')
    .action((options: ChainOptions) => run(options, context))
}

async function run(options: ChainOptions, { output, interrupts }: CliContext): Promise<void> {
  const chain = await runChain({
    port: options.port,
    globalId: TESTNET_GLOBAL_ID,
    prices: options.prices,
    intervalMs: options.interval === 'instant' ? undefined : options.interval,
    dataDir: options.data,
    faults: options.fault,
    seed: options.seed,
  })
  try {
    const { url, globalId } = chain
    if (options.json) output.json({ url, globalId, simulated: true })
    else output.result(`chain    ${url}\nglobal   ${globalId} (SIMULATED: one node, no validators)`)
    await Promise.race([aborted(interrupts.first), chain.ended])
  } finally {
    await chain.stop()
  }
}

/** A word and not `undefined`: commander turns an undefined value into an empty text. */
function parseInterval(text: string): number | 'instant' {
  return text === 'instant' ? text : parseCountIn(1, INTERVAL_MS_MAX)(text)
}

function collectFault(text: string, before: readonly FaultRule[]): readonly FaultRule[] {
  try {
    return [...before, parseFault(text)]
  } catch (error) {
    if (!(error instanceof CocoonError)) throw error
    throw new InvalidArgumentError(`${error.message}. ${error.remedy}`)
  }
}
