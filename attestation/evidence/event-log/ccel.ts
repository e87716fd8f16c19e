/**
 * The boot event log of a TDX guest, ACPI table CCEL (UEFI Specification 2.10, section 38.4; TCG PC Client Platform
 * Firmware Profile, crypto agile log): only what was extended into RTMR3. Firmware extends RTMR0 to RTMR2, so that it
 * is mostly nothing. Little-endian.
 */
import { CCEL_BYTES_MAX, CCEL_EVENTS_MAX } from '#attestation/evidence/constants.ts'

/** In the log MRTD is 0, RTMR0 is 1. */
const RTMR3_INDEX = 4
const EV_NO_ACTION = 3
/** First entry, in the form of TPM 1.2: index, type, SHA-1, size, then the algorithms of all others. */
const FIRST_EVENT_HEAD_BYTES = 32
const SHA384 = 0x000c
/** TPM_ALG_ID to digest length. */
const DIGEST_BYTES: Readonly<Record<number, number>> = {
  4: 20,
  11: 32,
  [SHA384]: 48,
  13: 64,
  18: 32,
}

/** @returns SHA-384 digests in order, or undefined for a log that is not of this form */
export function runtimeEventsOfCcel(log: Uint8Array): readonly Uint8Array[] | undefined {
  if (log.length > CCEL_BYTES_MAX) return undefined
  const cursor = new Cursor(log)
  cursor.skip(FIRST_EVENT_HEAD_BYTES - 4)
  cursor.skip(cursor.u32())
  const found: Uint8Array[] = []
  for (let count = 0; count < CCEL_EVENTS_MAX && !cursor.isAtEnd(); count += 1) {
    const event = readEvent(cursor)
    if (event === undefined || cursor.isBroken) return undefined
    if (event.register === RTMR3_INDEX && event.type !== EV_NO_ACTION) found.push(event.digest)
  }
  return cursor.isBroken || !cursor.isAtEnd() ? undefined : found
}

interface Event {
  readonly register: number
  readonly type: number
  readonly digest: Uint8Array
}

/** Undefined: an algorithm of unknown length, or no SHA-384. */
function readEvent(cursor: Cursor): Event | undefined {
  const [register, type, digests] = [cursor.u32(), cursor.u32(), cursor.u32()]
  let digest: Uint8Array | undefined
  for (let left = digests; left > 0 && !cursor.isBroken; left -= 1) {
    const algorithm = cursor.u16()
    const length = DIGEST_BYTES[algorithm]
    if (length === undefined) return undefined
    const value = cursor.bytes(length)
    if (algorithm === SHA384) digest = value
  }
  cursor.skip(cursor.u32())
  return digest && { register, type, digest }
}

/** Reads past the end are zeros, and say so. */
class Cursor {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0
  isBroken = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** The area is larger than the log: what follows the last event is all FF or all 00. */
  isAtEnd(): boolean {
    const rest = this.#bytes.subarray(this.#at)
    const [first] = rest
    return (
      first === undefined || ((first === 0xff || first === 0) && rest.every((b) => b === first))
    )
  }

  skip(length: number): void {
    this.bytes(length)
  }

  bytes(length: number): Uint8Array {
    const from = this.#at
    if (from + length > this.#bytes.length) {
      this.isBroken = true
      return new Uint8Array(Math.min(length, 64))
    }
    this.#at += length
    return this.#bytes.slice(from, this.#at)
  }

  u16(): number {
    return this.#number(2, (at) => this.#view.getUint16(at, true))
  }

  u32(): number {
    return this.#number(4, (at) => this.#view.getUint32(at, true))
  }

  #number(length: number, read: (at: number) => number): number {
    const at = this.#at
    this.skip(length)
    return this.isBroken ? 0 : read(at)
  }
}
