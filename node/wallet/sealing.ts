/** Seals a wallet's seed with a passphrase: scrypt (RFC 7914), then AES-256-GCM (SP 800-38D). */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { ConfigError } from '#protocol/errors.ts'
import {
  PASSPHRASE_CHARS_MAX,
  PASSPHRASE_CHARS_MIN,
  SALT_BYTES,
  SCRYPT_BLOCK_SIZE,
  SCRYPT_COST,
} from './constants.ts'
import type { EncryptedWallet, Kdf } from './key-file.ts'

const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const FORMAT = 'cocoon-wallet/1'

/** `cost`: scrypt's N, lower in tests only. @throws ConfigError WALLET_PASSPHRASE_WEAK */
export async function sealSeed(
  seed: Uint8Array,
  passphrase: string,
  cost: number = SCRYPT_COST,
): Promise<EncryptedWallet> {
  if (passphrase.length < PASSPHRASE_CHARS_MIN || passphrase.length > PASSPHRASE_CHARS_MAX) {
    throw new ConfigError('WALLET_PASSPHRASE_WEAK', 'the passphrase is too short, or too long', {
      remedy: `Take ${PASSPHRASE_CHARS_MIN} characters or more, for example five random words.`,
    })
  }
  const salt = randomBytes(SALT_BYTES).toString('hex')
  const kdf: Kdf = { name: 'scrypt', cost, blockSize: SCRYPT_BLOCK_SIZE, parallel: 1, salt }
  const publicKey = publicKeyOf(seed)
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, await keyOf(passphrase, kdf), nonce)
  cipher.setAAD(headOf(publicKey, kdf))
  const sealed = Buffer.concat([cipher.update(seed), cipher.final()])
  const tag = cipher.getAuthTag().toString('hex')
  return {
    ...{ format: FORMAT, kind: 'encrypted', publicKey, kdf },
    cipher: { name: CIPHER, nonce: nonce.toString('hex'), tag },
    sealedSeed: sealed.toString('hex'),
  }
}

/** @throws ConfigError WALLET_PASSPHRASE for a wrong passphrase, and for a file that was changed */
export async function openSeed(wallet: EncryptedWallet, passphrase: string): Promise<Uint8Array> {
  const { publicKey, kdf, cipher, sealedSeed } = wallet
  const key = await keyOf(passphrase.slice(0, PASSPHRASE_CHARS_MAX), kdf)
  try {
    const opened = createDecipheriv(CIPHER, key, Buffer.from(cipher.nonce, 'hex'))
    opened.setAAD(headOf(publicKey, kdf))
    opened.setAuthTag(Buffer.from(cipher.tag, 'hex'))
    const sealed = Buffer.from(sealedSeed, 'hex')
    const seed = new Uint8Array(Buffer.concat([opened.update(sealed), opened.final()]))
    if (publicKeyOf(seed) === publicKey) return seed
  } catch {
    // GCM does not say whether the key or the bytes are wrong; nor does this.
  }
  throw new ConfigError('WALLET_PASSPHRASE', 'the passphrase does not open the wallet', {
    remedy: 'Try again. If it is lost, import the 24 words into another folder.',
  })
}

export function publicKeyOf(seed: Uint8Array): string {
  return Buffer.from(nodeCrypto.ed25519FromSeed(seed).publicKey).toString('hex')
}

/** Authenticated, so that no other key or weaker parameters can be put beside the seed. */
function headOf(publicKey: string, { name, cost, blockSize, parallel, salt }: Kdf): Buffer {
  return Buffer.from([FORMAT, publicKey, name, cost, blockSize, parallel, salt].join('\0'))
}

function keyOf(passphrase: string, { cost, blockSize, parallel, salt }: Kdf): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const options = {
    ...{ N: cost, r: blockSize, p: parallel },
    // 128 N r bytes and a little more (RFC 7914, section 2).
    maxmem: 128 * blockSize * (cost + parallel + 2),
  }
  // NFKC: the same passphrase typed on another keyboard is the same bytes.
  const text = passphrase.normalize('NFKC')
  scrypt(text, Buffer.from(salt, 'hex'), KEY_BYTES, options, (error, key) =>
    error === null ? resolve(key) : reject(error),
  )
  return promise
}
