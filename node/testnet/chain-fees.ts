/** What the chain of a testnet took, step by step, read from the chain as it was saved at the end. */
import { loadTransaction } from '@ton/core'
import { z } from 'zod'
import { ConfigError } from '#protocol/errors.ts'
import { type ChainStep, chainSteps } from '#settlement/chain/steps.ts'
import { FAUCET } from '#settlement/devchain/ledger.ts'
import { decodeSnapshot } from '#settlement/devchain/snapshot.ts'

export interface ChainFees {
  /** Oldest first. */
  readonly steps: readonly ChainStep[]
  /** Sum over the steps. */
  readonly totalNano: bigint
  /** What the chain's own books say; equal while the chain still has every transaction. */
  readonly takenNano: bigint
}

const fileSchema = z.object({ chain: z.unknown() })

/** @param content of a run's `snapshot.json`. @throws ConfigError SNAPSHOT_INVALID */
export function chainFees(content: string): ChainFees {
  const saved = decodeSnapshot(JSON.stringify(chainOf(content)))
  const transactions = saved.transactions.map(({ cell }) => loadTransaction(cell.beginParse()))
  const steps = chainSteps(transactions, FAUCET)
  const totalNano = steps.reduce((sum, { feesNano }) => sum + feesNano, 0n)
  return { steps, totalNano, takenNano: saved.feesNano }
}

function chainOf(content: string): unknown {
  try {
    return fileSchema.parse(JSON.parse(content)).chain
  } catch (cause) {
    throw new ConfigError('SNAPSHOT_INVALID', 'this is not a snapshot of a chain', { cause })
  }
}
