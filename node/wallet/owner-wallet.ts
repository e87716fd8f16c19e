/** The wallet of a peer's data folder, whatever keeps its key. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { ownerKeys } from '#node/cli/owner-keys.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { ConfigError } from '#protocol/errors.ts'
import { seedSigner, type WalletSigner } from '#settlement/wallet/signer.ts'
import { externalSigner } from './external-signer.ts'
import { readWalletFile, walletFilePath } from './key-file.ts'
import { openSeed, publicKeyOf } from './sealing.ts'

export interface OwnerWallet {
  /** encrypted: sealed by a passphrase; external: another program signs; plain: anyone who reads it. */
  readonly kind: 'encrypted' | 'external' | 'plain'
  readonly file: string
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /**
   * Ready to sign.
   * @param passphrase asked for when the key is sealed, and only then
   * @throws ConfigError WALLET_PASSPHRASE
   */
  open(passphrase: () => Promise<string>): Promise<WalletSigner>
}

/**
 * wallet.json when there is one, else the wallet seed of keys.json, as testnets and old folders have it.
 * @throws ConfigError WALLET_MISSING, WALLET_FILE, KEYS_FILE
 */
export function ownerWallet(dataDir: string): OwnerWallet {
  const found = readWalletFile(dataDir)
  if (found === undefined) return walletOfKeys(dataDir)
  const publicKey = new Uint8Array(Buffer.from(found.publicKey, 'hex'))
  const { kind } = found
  const file = walletFilePath(dataDir)
  const open = async (passphrase: () => Promise<string>): Promise<WalletSigner> => {
    if (found.kind === 'external') {
      return externalSigner({ crypto, command: found.command }, publicKey)
    }
    const seed =
      found.kind === 'plain'
        ? new Uint8Array(Buffer.from(found.seed, 'hex'))
        : await openSeed(found, await passphrase())
    return seedSigner(crypto, seed)
  }
  return { kind, file, publicKey, open }
}

function walletOfKeys(dataDir: string): OwnerWallet {
  if (!existsSync(path.join(dataDir, 'keys.json'))) {
    throw new ConfigError('WALLET_MISSING', `there is no wallet in ${dataDir}`, {
      remedy: 'Make one with `cocoon wallet create`, or name the folder with --data.',
    })
  }
  const { walletSeed, file } = ownerKeys(dataDir)
  const publicKey = new Uint8Array(Buffer.from(publicKeyOf(walletSeed), 'hex'))
  return { kind: 'plain', file, publicKey, open: async () => seedSigner(crypto, walletSeed) }
}

const MAINNET_GLOBAL_ID = -239

/**
 * Where coins are worth something, a key in the clear is not used to run a peer.
 * @throws ConfigError WALLET_UNPROTECTED
 */
export function requireProtected({ kind, file }: OwnerWallet, globalId: number): void {
  if (kind !== 'plain' || globalId !== MAINNET_GLOBAL_ID) return
  throw new ConfigError('WALLET_UNPROTECTED', `the wallet's key lies in the clear in ${file}`, {
    remedy:
      'Withdraw what it holds, then `cocoon wallet create` in a folder of its own for mainnet.',
  })
}
