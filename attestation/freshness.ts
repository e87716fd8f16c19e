/**
 * Not too old, by the chain that the client reads itself. In mode epoch the not-before block proves it;
 * in mode challenge the client's own nonce does, and the block may be unknown or older.
 */
import { equal } from '#protocol/bytes.ts'
import { BLOCK_AHEAD_MS_MAX, KEY_LIFE_MS_MAX, NOT_BEFORE_AGE_MS_MAX } from './constants.ts'
import { isoSeconds } from './der/time.ts'
import type { StatementCore } from './statement.ts'
import type { Finding } from './steps.ts'
import type { EvidenceBundle } from './types.ts'
import { refuse } from './verify/refuse.ts'

/** The not-before block as the caller found it on the chain that it reads itself. */
export interface KnownBlock {
  readonly seqno: number
  /** 32 bytes. */
  readonly rootHash: Uint8Array
  /** Unix milliseconds. */
  readonly timeMs: number
}

/** From when the keys' life is counted, Unix milliseconds. */
export interface FreshnessStart {
  readonly fromMs: number
}

function seconds(durationMs: number): string {
  return `${Math.floor(durationMs / 1_000)} s`
}

/** @throws AttestationError CHECK_FAILED */
export function checkFreshness(
  mode: EvidenceBundle['mode'],
  core: StatementCore,
  block: KnownBlock | undefined,
  nowMs: number,
): Finding<FreshnessStart> {
  if (mode === 'challenge') {
    return { found: 'a challenge quote', value: { fromMs: nowMs }, detail: 'proved by the nonce' }
  }
  const { seqno, rootHash } = core.notBefore
  if (block === undefined) return refuse(`block ${seqno} is not on the chain that is read here`)
  if (block.seqno !== seqno || !equal(block.rootHash, rootHash)) {
    refuse(`block ${seqno} has another root hash on the chain that is read here`)
  }
  const ageMs = nowMs - block.timeMs
  if (ageMs < -BLOCK_AHEAD_MS_MAX) refuse(`block ${seqno} is ${seconds(-ageMs)} in the future`)
  if (ageMs > NOT_BEFORE_AGE_MS_MAX) refuse(`block ${seqno} is ${seconds(ageMs)} old`)
  return {
    found: `block ${seqno}, ${seconds(Math.max(ageMs, 0))} old`,
    value: { fromMs: block.timeMs },
  }
}

/** @throws AttestationError CHECK_FAILED */
export function checkKeyLifetime(
  core: StatementCore,
  start: FreshnessStart,
  nowMs: number,
): Finding<boolean> {
  const { notAfterMs } = core
  if (nowMs > notAfterMs) refuse(`the keys expired ${seconds(nowMs - notAfterMs)} ago`)
  const lifeMs = notAfterMs - start.fromMs
  if (lifeMs > KEY_LIFE_MS_MAX) refuse(`the keys live ${seconds(lifeMs)}`)
  return { found: `until ${isoSeconds(notAfterMs)}`, value: true }
}
