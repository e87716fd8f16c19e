/**
 * wallet.json in a peer's data folder: the key of its wallet, sealed with a passphrase, or in the clear
 * for a testnet, or the command of a program that keeps it. Versioned; docs/spec/settlement.md has it.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { ConfigError } from '#protocol/errors.ts'
import {
  SALT_BYTES,
  SCRYPT_BLOCK_SIZE,
  SCRYPT_COST_MAX,
  SCRYPT_COST_MIN,
  SCRYPT_PARALLEL_MAX,
  SIGNER_WORDS_MAX,
  WALLET_FILE,
  WALLET_FILE_BYTES_MAX,
} from './constants.ts'
import { writeDurably } from './durable-file.ts'

const hexOf = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`))

const head = { format: z.literal('cocoon-wallet/1'), publicKey: hexOf(32) }

/** Parameters of scrypt are bounded before they are used: a hostile file must not eat the memory. */
const kdfSchema = z.strictObject({
  name: z.literal('scrypt'),
  cost: z
    .int()
    .min(SCRYPT_COST_MIN)
    .max(SCRYPT_COST_MAX)
    .refine((cost) => Number.isInteger(Math.log2(cost))),
  blockSize: z.literal(SCRYPT_BLOCK_SIZE),
  parallel: z.int().min(1).max(SCRYPT_PARALLEL_MAX),
  salt: hexOf(SALT_BYTES),
})

const encryptedSchema = z.strictObject({
  ...head,
  kind: z.literal('encrypted'),
  kdf: kdfSchema,
  cipher: z.strictObject({ name: z.literal('aes-256-gcm'), nonce: hexOf(12), tag: hexOf(16) }),
  sealedSeed: hexOf(32),
})
const plainSchema = z.strictObject({ ...head, kind: z.literal('plain'), seed: hexOf(32) })
const externalSchema = z.strictObject({
  ...head,
  kind: z.literal('external'),
  /** Program and arguments; no shell reads them. */
  command: z.array(z.string().min(1).max(4_096)).min(1).max(SIGNER_WORDS_MAX),
})

const walletFileSchema = z.discriminatedUnion('kind', [
  encryptedSchema,
  plainSchema,
  externalSchema,
])

export type WalletFile = z.output<typeof walletFileSchema>
export type EncryptedWallet = z.output<typeof encryptedSchema>
export type Kdf = z.output<typeof kdfSchema>

export const walletFilePath = (dataDir: string): string => path.join(dataDir, WALLET_FILE)

/** Undefined: the folder has none. @throws ConfigError WALLET_FILE, which quotes nothing of it */
export function readWalletFile(dataDir: string): WalletFile | undefined {
  const file = walletFilePath(dataDir)
  if (!existsSync(file)) return undefined
  try {
    if (statSync(file).size > WALLET_FILE_BYTES_MAX) throw new Error('too large')
    return walletFileSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new ConfigError('WALLET_FILE', `cannot read the wallet ${file}`, {
      remedy: 'Restore it from a backup, or import the words again into another folder.',
    })
  }
}

/**
 * Mode 0600, durable when it returns.
 * @throws ConfigError WALLET_EXISTS: a wallet is never overwritten
 */
export function writeWalletFile(dataDir: string, wallet: WalletFile): string {
  const file = walletFilePath(dataDir)
  if (existsSync(file)) {
    throw new ConfigError('WALLET_EXISTS', `there is a wallet already: ${file}`, {
      remedy: 'Withdraw all of it, then move the file away; or name another folder with --data.',
    })
  }
  writeDurably(file, `${JSON.stringify(wallet, undefined, 2)}\n`)
  return file
}
