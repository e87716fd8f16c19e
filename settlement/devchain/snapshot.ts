/**
 * A saved chain: plain JSON that restarts the embedded chain, and that a reader opens after exit
 * (`settlement/chain/snapshot-reader.ts`) with no chain running.
 */
import { Address, Cell } from '@ton/core'
import { z } from 'zod'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { ConfigError } from '#protocol/errors.ts'
import { SNAPSHOT_BYTES_MAX } from '../constants.ts'
import type { ChainBlock } from '../types.ts'
import type { SavedAccount } from './accounts.ts'
import { ACCOUNTS_MAX, BLOCKS_MAX, TRANSACTIONS_MAX } from './constants.ts'
import type { PriceTable } from './prices.ts'

export interface DevchainSnapshot {
  readonly format: 'cocoon-devchain/1'
  readonly globalId: number
  readonly prices: PriceTable
  readonly genesisNano: bigint
  readonly feesNano: bigint
  readonly timeOffsetS: number
  readonly lt: bigint
  readonly blocks: readonly ChainBlock[]
  readonly accounts: readonly SavedAccount[]
  readonly transactions: readonly { readonly seqno: number; readonly cell: Cell }[]
  /** Messages that wait for their block, in order. */
  readonly pending: readonly Cell[]
}

const decimal = z
  .string()
  .regex(/^[0-9]{1,40}$/)
  .transform(BigInt)
const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform(fromHex)
const cell = z.base64().transform((text) => Cell.fromBase64(text))
const seqno = z.number().int().min(1)

const snapshotSchema = z.strictObject({
  format: z.literal('cocoon-devchain/1'),
  globalId: z.number().int(),
  prices: z.enum(['mainnet-2026-08', 'mainnet-2024']),
  genesisNano: decimal,
  feesNano: decimal,
  timeOffsetS: z.number().int().min(0),
  lt: decimal,
  blocks: z
    .array(z.strictObject({ seqno, rootHash: hash, time: z.number().int().min(0) }))
    .min(1)
    .max(BLOCKS_MAX),
  accounts: z
    .array(
      z.strictObject({
        address: z
          .string()
          .max(80)
          .transform((text) => Address.parse(text)),
        cell,
      }),
    )
    .max(ACCOUNTS_MAX),
  transactions: z.array(z.strictObject({ seqno, cell })).max(TRANSACTIONS_MAX),
  pending: z.array(cell).default([]),
})

export function encodeSnapshot(snapshot: DevchainSnapshot): string {
  const base64 = (value: Cell) => value.toBoc().toString('base64')
  const plain: z.input<typeof snapshotSchema> = {
    ...snapshot,
    genesisNano: String(snapshot.genesisNano),
    feesNano: String(snapshot.feesNano),
    lt: String(snapshot.lt),
    blocks: snapshot.blocks.map((block) => ({ ...block, rootHash: toHex(block.rootHash) })),
    accounts: snapshot.accounts.map((account) => ({
      address: account.address.toRawString(),
      cell: base64(account.cell),
    })),
    transactions: snapshot.transactions.map((one) => ({ ...one, cell: base64(one.cell) })),
    pending: snapshot.pending.map(base64),
  }
  return JSON.stringify(plain)
}

/** @throws ConfigError SNAPSHOT_INVALID */
export function decodeSnapshot(json: string): DevchainSnapshot {
  if (json.length > SNAPSHOT_BYTES_MAX) throw invalid('it is too large')
  try {
    return snapshotSchema.parse(JSON.parse(json))
  } catch (cause) {
    throw invalid('it is not a saved chain', cause)
  }
}

function invalid(why: string, cause?: unknown): ConfigError {
  return new ConfigError('SNAPSHOT_INVALID', `the chain snapshot cannot be used: ${why}`, {
    remedy: 'Use the snapshot that `cocoon testnet` wrote when it ended.',
    ...(cause === undefined ? {} : { cause }),
  })
}
