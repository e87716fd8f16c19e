/** Seeds of a peer that is run by hand: made at the first start, kept with mode 0600. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { writePrivateFile } from '#node/testnet/run-folder.ts'
import { ConfigError } from '#protocol/errors.ts'
import { readBounded } from './bounded-file.ts'

const KEYS_FILE_BYTES_MAX = 4_096
const SEED_BYTES = 32

const seed = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((hex): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex')))

const keysSchema = z.strictObject({
  format: z.literal('cocoon-keys/1'),
  identitySeed: seed,
  walletSeed: seed,
  settlementSeed: seed,
})

export interface OwnerKeys extends Omit<z.output<typeof keysSchema>, 'format'> {
  readonly file: string
  /** True at the very first start. */
  readonly created: boolean
}

/** @throws ConfigError KEYS_FILE; its message never quotes the file */
export function ownerKeys(dataDir: string): OwnerKeys {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const file = path.join(dataDir, 'keys.json')
  const created = !existsSync(file)
  if (created) writePrivateFile(file, JSON.stringify(newKeys(), undefined, 2))
  try {
    const content = JSON.parse(readBounded(file, KEYS_FILE_BYTES_MAX).toString('utf8'))
    const { identitySeed, walletSeed, settlementSeed } = keysSchema.parse(content)
    return { identitySeed, walletSeed, settlementSeed, file, created }
  } catch {
    throw new ConfigError('KEYS_FILE', `cannot read the keys in ${file}`, {
      remedy: 'Restore it from a backup: it controls a wallet.',
    })
  }
}

function newKeys() {
  const draw = () => randomBytes(SEED_BYTES).toString('hex')
  return {
    format: 'cocoon-keys/1',
    identitySeed: draw(),
    walletSeed: draw(),
    settlementSeed: draw(),
  }
}
