/**
 * Structure of a TDX quote, version 4 with a TD 1.0 body (Intel TDX DCAP Quoting Library API, quote
 * version 4). Little-endian. Version 5 and TD 1.5 bodies are refused by name until they are implemented.
 */
import { QE_AUTH_BYTES_MAX } from '#attestation/constants.ts'
import { decodePemChain } from '#attestation/der/pem.ts'
import { concat, toHex } from '#protocol/bytes.ts'
import { EVIDENCE_QUOTE_BYTES_MAX } from '#protocol/constants.ts'
import { ByteReader } from './byte-reader.ts'
import { type EnclaveReport, parseEnclaveReport } from './enclave-report.ts'
import { refuse } from './refuse.ts'

const HEADER_BYTES = 48
const TD_BODY_BYTES = 584
/** Header and body: what the attestation key signs. */
const SIGNED_BYTES = HEADER_BYTES + TD_BODY_BYTES
const TEE_TYPE_TDX = 0x81
const KEY_TYPE_ECDSA_P256 = 2
const CERTIFICATION_PEM_CHAIN = 5
const CERTIFICATION_QE_REPORT = 6
const INTEL_QE_VENDOR = '939a7233f79c4ca9940a0db3957f0607'
/**
 * Linux reserves a version 5 quote (6 + 648 bytes of body instead of 584) and hands out the whole
 * buffer: a version 4 quote then ends in exactly 70 zero bytes. No other padding is accepted.
 */
const KERNEL_PADDING_BYTES = 70

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
}

export interface TdxQuote {
  readonly body: TdReport
  /** Header and body, exactly. */
  readonly signedPart: Uint8Array
  /** r||s of the attestation key over `signedPart`. */
  readonly signature: Uint8Array
  /** x||y, 64 bytes. */
  readonly attestationKey: Uint8Array
  readonly qeReport: EnclaveReport
  /** r||s of the PCK over the QE report. */
  readonly qeReportSignature: Uint8Array
  readonly qeAuthentication: Uint8Array
  /** DER, leaf first. */
  readonly pckChain: readonly Uint8Array[]
}

function readHeader(reader: ByteReader): void {
  const version = reader.u16()
  if (version !== 4) refuse(`quote version ${version}; this verifier reads version 4`)
  const keyType = reader.u16()
  if (keyType !== KEY_TYPE_ECDSA_P256) refuse(`attestation key type ${keyType}`)
  const teeType = reader.u32()
  if (teeType !== TEE_TYPE_TDX) refuse(`TEE type ${teeType}; TDX is ${TEE_TYPE_TDX}`)
  reader.bytes(4)
  const vendor = toHex(reader.bytes(16))
  if (vendor !== INTEL_QE_VENDOR) refuse(`quoting enclave of vendor ${vendor}`)
  reader.bytes(20)
}

function readBody(reader: ByteReader): TdReport {
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

/** Type and length in front of certification data; the data must fill the rest. */
function expectCertification(reader: ByteReader, type: number): void {
  const found = reader.u16()
  if (found !== type) refuse(`certification data of type ${found} instead of ${type}`)
  const length = reader.u32()
  if (length !== reader.left()) refuse(`certification data of ${length} of ${reader.left()} bytes`)
}

function expectEnd(quote: Uint8Array, end: number): void {
  const padding = quote.subarray(end)
  if (padding.length !== 0 && padding.length !== KERNEL_PADDING_BYTES) {
    refuse(`${padding.length} bytes after the quote`)
  }
  if (padding.some((byte) => byte !== 0)) refuse('bytes other than zero after the quote')
}

/** @throws AttestationError CHECK_FAILED, PEM_MALFORMED */
export function parseTdxQuote(quote: Uint8Array): TdxQuote {
  if (quote.length > EVIDENCE_QUOTE_BYTES_MAX) refuse(`quote of ${quote.length} bytes`)
  const outer = new ByteReader(quote)
  readHeader(outer)
  const body = readBody(outer)
  const reader = new ByteReader(outer.bytes(outer.u32()))
  expectEnd(quote, quote.length - outer.left())
  const signature = reader.bytes(64)
  const attestationKey = reader.bytes(64)
  expectCertification(reader, CERTIFICATION_QE_REPORT)
  const qeReport = parseEnclaveReport(reader.bytes(384))
  const qeReportSignature = reader.bytes(64)
  const authLength = reader.u16()
  if (authLength > QE_AUTH_BYTES_MAX) refuse(`${authLength} bytes of QE authentication data`)
  const qeAuthentication = reader.bytes(authLength)
  expectCertification(reader, CERTIFICATION_PEM_CHAIN)
  return {
    body,
    signedPart: quote.subarray(0, SIGNED_BYTES),
    signature,
    attestationKey,
    qeReport,
    qeReportSignature,
    qeAuthentication,
    pckChain: decodePemChain(reader.bytes(reader.left())),
  }
}

/** The attestation key as the uncompressed point that the crypto port takes. */
export function attestationPoint(quote: TdxQuote): Uint8Array {
  return concat(Uint8Array.of(4), quote.attestationKey)
}
