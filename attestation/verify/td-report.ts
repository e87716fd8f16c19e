/**
 * The body of a TDX quote: what the TDX module reports of one guest (Intel TDX Module ABI Specification,
 * TDREPORT; body types of Intel TDX DCAP Quoting Library API, quote versions 4 and 5).
 */
import type { ByteReader } from './byte-reader.ts'

export const TD_10_BYTES = 584
export const TD_15_BYTES = 648

/** What a TD 1.5 body adds. */
export interface Td15 {
  /** SVNs of the module that runs now; `teeTcbSvn` holds those at the guest's launch. */
  readonly teeTcbSvn2: Uint8Array
  /** Hash over service TDs bound to this guest; zeros: none. */
  readonly mrServiceTd: Uint8Array
}

export interface TdReport {
  readonly teeTcbSvn: Uint8Array
  readonly mrSeam: Uint8Array
  readonly mrSignerSeam: Uint8Array
  readonly seamAttributes: Uint8Array
  readonly tdAttributes: Uint8Array
  readonly xfam: Uint8Array
  readonly mrTd: Uint8Array
  readonly mrConfigId: Uint8Array
  readonly mrOwner: Uint8Array
  readonly mrOwnerConfig: Uint8Array
  /** RTMR0 to RTMR3. */
  readonly rtMr: readonly Uint8Array[]
  readonly reportData: Uint8Array
  /** undefined: a TD 1.0 body. */
  readonly td15?: Td15 | undefined
}

/** @throws AttestationError CHECK_FAILED */
export function readTd10(reader: ByteReader): TdReport {
  return {
    teeTcbSvn: reader.bytes(16),
    mrSeam: reader.bytes(48),
    mrSignerSeam: reader.bytes(48),
    seamAttributes: reader.bytes(8),
    tdAttributes: reader.bytes(8),
    xfam: reader.bytes(8),
    mrTd: reader.bytes(48),
    mrConfigId: reader.bytes(48),
    mrOwner: reader.bytes(48),
    mrOwnerConfig: reader.bytes(48),
    rtMr: [reader.bytes(48), reader.bytes(48), reader.bytes(48), reader.bytes(48)],
    reportData: reader.bytes(64),
  }
}

/** @throws AttestationError CHECK_FAILED */
export function readTd15(reader: ByteReader): TdReport {
  const body = readTd10(reader)
  return { ...body, td15: { teeTcbSvn2: reader.bytes(16), mrServiceTd: reader.bytes(48) } }
}

/** Every set of module SVNs that the guest has depended on: all of them must be good. */
export function moduleSvns(body: TdReport): readonly Uint8Array[] {
  return body.td15 === undefined ? [body.teeTcbSvn] : [body.teeTcbSvn, body.td15.teeTcbSvn2]
}
