/**
 * Who signs for a wallet. The key signs one kind of thing: bodies of external messages of a V5R1 wallet.
 * It cannot be made to sign a voucher, a quote or anything else, and nothing else is signed by it.
 */
import type { Address, Cell } from '@ton/core'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { WalletMessage } from '../types.ts'
import { WALLET_SIGNED_TAG } from './body.ts'

export interface SigningRequest {
  readonly wallet: Address
  readonly globalId: number
  readonly seqno: number
  /** Unix seconds. */
  readonly validUntilS: number
  readonly messages: readonly WalletMessage[]
  /** Ed25519 goes over this cell's hash. All of the above is in it. */
  readonly cell: Cell
}

export interface WalletSigner {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** How long a signature may take, seconds: the message must stay valid so much longer. */
  readonly waitS: number
  /**
   * @throws ConfigError WALLET_SIGNING_REFUSED for a cell that is no wallet's message
   * @throws SettlementError, UnavailableError of an external signer
   */
  sign(request: SigningRequest, signal?: AbortSignal): Promise<Uint8Array>
}

/** Signs with a key in this process's memory. `seed`: Ed25519, 32 bytes. */
export function seedSigner(crypto: CryptoPort, seed: Uint8Array): WalletSigner {
  const key = crypto.ed25519FromSeed(seed)
  return {
    publicKey: key.publicKey,
    waitS: 0,
    async sign({ cell }) {
      requireWalletCell(cell)
      return crypto.ed25519Sign(key, new Uint8Array(cell.hash()))
    },
  }
}

/** @throws ConfigError WALLET_SIGNING_REFUSED */
export function requireWalletCell(cell: Cell): void {
  const slice = cell.beginParse()
  if (slice.remainingBits >= 32 && slice.loadUint(32) === WALLET_SIGNED_TAG) return
  throw new ConfigError('WALLET_SIGNING_REFUSED', "a wallet's key signs wallet messages only", {
    remedy: 'A defect: report it. Vouchers are signed by the session key of their channel.',
  })
}
