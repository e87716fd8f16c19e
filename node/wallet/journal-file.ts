/** The message in flight of one wallet, as a file in the folder of its network. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import type { Address } from '@ton/core'
import { z } from 'zod'
import { ConfigError } from '#protocol/errors.ts'
import type { PendingMessage, WalletJournal } from '#settlement/wallet/journal.ts'
import { WALLET_FILE_BYTES_MAX } from './constants.ts'
import { removeDurably, writeDurably } from './durable-file.ts'

const ADDRESS_CHARS = 16
/** A signed external message with 255 actions is larger than a wallet file. */
const JOURNAL_BYTES_MAX = 16 * WALLET_FILE_BYTES_MAX

const hash = z.string().regex(/^[0-9a-f]{64}$/)

const schema = z.strictObject({
  format: z.literal('cocoon-wallet-pending/1'),
  wallet: z.string(),
  seqno: z.int().min(0),
  validUntilS: z.int().min(0),
  bodyHash: hash,
  digest: hash,
  afterLt: z
    .string()
    .regex(/^\d{1,20}$/)
    .transform(BigInt),
  boc: z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64'))),
})

/** One file for each wallet: `wallet-pending-<first digits of its address>.json`. */
export function journalFile(networkDir: string, wallet: Address): WalletJournal {
  const name = `wallet-pending-${wallet.hash.toString('hex').slice(0, ADDRESS_CHARS)}.json`
  const file = path.join(networkDir, name)
  return {
    read: () => (existsSync(file) ? read(file, wallet) : undefined),
    write: (pending) => writeDurably(file, text(pending, wallet)),
    clear: () => removeDurably(file),
  }
}

function text({ afterLt, boc, ...rest }: PendingMessage, wallet: Address): string {
  return JSON.stringify({
    format: 'cocoon-wallet-pending/1',
    wallet: wallet.toRawString(),
    ...rest,
    afterLt: `${afterLt}`,
    boc: Buffer.from(boc).toString('base64'),
  })
}

/** @throws ConfigError WALLET_JOURNAL: without it a payment could be made twice */
function read(file: string, wallet: Address): PendingMessage {
  try {
    if (statSync(file).size > JOURNAL_BYTES_MAX) throw new Error('too large')
    const { format: _, ...found } = schema.parse(JSON.parse(readFileSync(file, 'utf8')))
    if (found.wallet !== wallet.toRawString()) throw new Error('of another wallet')
    const { wallet: __, ...pending } = found
    return pending
  } catch (cause) {
    throw new ConfigError('WALLET_JOURNAL', `cannot read what is in flight in ${file}`, {
      cause,
      remedy: 'Wait five minutes, look at the wallet on the chain, then delete this file.',
    })
  }
}
