/** What a request gathers over its attempts, whatever it asks for. */
import type { MetaStore } from '#node/store/peer-store.ts'
import { toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import type { CocoonError } from '#protocol/errors.ts'
import { leafHash } from '#protocol/merkle.ts'
import { leafData } from '#protocol/receipt.ts'
import type { KnownModel } from './models.ts'
import type { ClientRequest } from './request.ts'

export interface AttemptsProgress {
  readonly model: KnownModel
  readonly promptTokens: number
  readonly startedMs: number
  /** Token ids of the answer so far, whoever sent them; always empty where an answer has none. */
  readonly ids: number[]
  readonly failures: { readonly provider: string; readonly error: CocoonError }[]
  /** Of the first attempt: it names the whole answer. */
  requestId: string | undefined
  /** Until the first provider was chosen. */
  discoverMs: number
  usedNano: bigint
  /** Links the next receipt to the last one; empty for the first. */
  previous: Uint8Array
}

export function beginAttempts(
  begun: Pick<AttemptsProgress, 'model' | 'promptTokens' | 'startedMs'>,
): AttemptsProgress {
  return {
    ...begun,
    ids: [],
    failures: [],
    requestId: undefined,
    discoverMs: 0,
    usedNano: 0n,
    previous: new Uint8Array(0),
  }
}

/**
 * What the next provider goes on from. At least one token is left to make: an answer that was whole
 * but for its final receipt has its last token made again, which gives it a receipt.
 */
export function resumedIds(
  { maxTokens }: { readonly maxTokens: number },
  { ids }: Pick<AttemptsProgress, 'ids'>,
): readonly number[] {
  return ids.slice(0, Math.max(0, maxTokens - 1))
}

/** Counts what an attempt used, by its last receipt: final, or the checkpoint that became the leaf. */
export function countAttempt(progress: AttemptsProgress, asked: ClientRequest | undefined): void {
  progress.usedNano += asked?.latest?.body.usedNano ?? 0n
}

export interface LinkComponents {
  readonly crypto: CryptoPort
  readonly store: MetaStore
}

/**
 * Links the next receipt to the last one. Providers cannot follow the link: each sees a hash under a
 * salt that only the owner keeps.
 */
export function linkAttempt(
  { crypto, store }: LinkComponents,
  progress: AttemptsProgress,
  asked: ClientRequest | undefined,
): void {
  if (asked?.latest === undefined) return
  const salt = crypto.randomBytes(32)
  store.setMeta(`link-salt:${asked.name}`, toHex(salt))
  progress.previous = crypto.hmacSha256(salt, leafHash(crypto, leafData(asked.latest.receipt)))
}
