/**
 * What a guest measured into RTMR3 at run time: the 48-byte digests it extended, one behind the other, in
 * order (Intel TDX Module ABI Specification, TDG.MR.RTMR.EXTEND). The log is only as good as the register
 * that it replays to.
 */
import { RTMR_EVENTS_MAX } from '#attestation/constants.ts'
import { concat } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { refuse } from './refuse.ts'

const DIGEST_BYTES = 48

/** @throws AttestationError CHECK_FAILED for a log that is cut or has too many events */
export function readEventLog(log: Uint8Array): readonly Uint8Array[] {
  const count = log.length / DIGEST_BYTES
  if (!Number.isInteger(count)) refuse(`an event log of ${log.length} bytes`)
  if (count > RTMR_EVENTS_MAX) refuse(`an event log of ${count} events`)
  return Array.from({ length: count }, (_, at) =>
    log.subarray(DIGEST_BYTES * at, DIGEST_BYTES * (at + 1)),
  )
}

/** The register after these extensions, from zero: each time SHA-384(register, digest). */
export function replayRegister(crypto: CryptoPort, digests: readonly Uint8Array[]): Uint8Array {
  return digests.reduce(
    (register, digest) => crypto.sha384(concat(register, digest)),
    new Uint8Array(DIGEST_BYTES),
  )
}
