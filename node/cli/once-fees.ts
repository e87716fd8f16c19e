/** The fee of each thing that `--once` did on the chain, and their sum beside the chain's own books. */
import type { ChainFees } from '#node/testnet/chain-fees.ts'
import { type Coins, shortAddress, table } from '#node/text.ts'
import type { ChainCall, ChainStep } from '#settlement/chain/steps.ts'

const WORDS: Readonly<Record<string, string>> = {
  open: 'open and fund a channel',
  topUp: 'top up',
  claim: 'claim',
  close: 'close, by the provider',
  coopClose: 'close, by both',
  startClose: 'start to close',
  finish: 'finish',
  destroy: 'destroy',
  coins: 'send coins',
}

export interface FeesDocument {
  readonly steps: readonly {
    /** Words of `OPERATION`, `open`, `coins` or `faucet`; several when a wallet sent several at once. */
    readonly operations: readonly string[]
    readonly accounts: readonly string[]
    readonly transactions: number
    readonly feesNano: string
  }[]
  readonly totalNano: string
  /** What the chain took, by its own books. */
  readonly takenNano: string
}

export function feesDocument({ steps, totalNano, takenNano }: ChainFees): FeesDocument {
  return {
    steps: steps.map((step) => ({
      operations: step.isFaucet ? ['faucet'] : step.calls.map(({ operation }) => operation),
      accounts: accountsOf(step),
      transactions: step.transactions,
      feesNano: `${step.feesNano}`,
    })),
    totalNano: `${totalNano}`,
    takenNano: `${takenNano}`,
  }
}

export function feesText({ steps, totalNano, takenNano }: ChainFees, coins: Coins): string {
  const text = table(steps, [
    { title: 'CHAIN STEP', cell: wordsOf },
    { title: 'ACCOUNT', cell: (step) => accountsOf(step).map(shortAddress).join(', ') },
    { title: 'TRANSACTIONS', cell: (step) => `${step.transactions}`, align: 'right' },
    { title: 'FEE', cell: (step) => coins(step.feesNano), align: 'right' },
  ])
  const sum = `fees     ${coins(totalNano)} in ${steps.length} steps`
  const verdict =
    totalNano === takenNano
      ? 'exactly what the chain took'
      : `NOT what the chain took, ${coins(takenNano)}`
  return `\n${text}\n${sum}: ${verdict}`
}

/** A step with no call at all is one in which a wallet sent nothing, or refused to. */
function wordsOf({ isFaucet, calls }: ChainStep): string {
  if (isFaucet) return 'coins from the faucet'
  return calls.length === 0 ? 'a wallet sent nothing' : calls.map(callWords).join(' + ')
}

function callWords({ operation, success }: ChainCall): string {
  return `${WORDS[operation] ?? operation}${success ? '' : ' (refused)'}`
}

function accountsOf({ calls, from }: ChainStep): string[] {
  const accounts = calls.map(({ contract }) => contract.toRawString())
  return accounts.length === 0 ? [from.toRawString()] : [...new Set(accounts)]
}
