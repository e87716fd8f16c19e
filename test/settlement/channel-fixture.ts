/** Shared by the settlement tests: fixed keys and terms. */
import { Address } from '@ton/core'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import type { ChannelTerms } from '#settlement/types.ts'

export const crypto = nodeCrypto
export const NOW_S = 1_795_000_000
export const clientKey = crypto.ed25519FromSeed(new Uint8Array(32).fill(3))
export const providerKey = crypto.ed25519FromSeed(new Uint8Array(32).fill(4))
export const strangerKey = crypto.ed25519FromSeed(new Uint8Array(32).fill(5))

const addressOf = (byte: number) => new Address(0, Buffer.alloc(32, byte))

export function makeTerms(changes: Partial<ChannelTerms> = {}): ChannelTerms {
  return {
    globalId: -3,
    client: addressOf(0x11),
    provider: addressOf(0x22),
    clientKey: clientKey.publicKey,
    providerKey: providerKey.publicKey,
    closeDelay: 3_600,
    expiresAt: NOW_S + 30 * 86_400,
    salt: 7n,
    ...changes,
  }
}

export function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (thrown) {
    return (thrown as { code?: string }).code ?? String(thrown)
  }
  return 'nothing was thrown'
}
