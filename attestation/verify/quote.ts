/**
 * Structure of a TDX quote, versions 4 and 5 (Intel TDX DCAP Quoting Library API). Version 4 has a TD 1.0
 * body; version 5 names its body: TD 1.0 or TD 1.5. Little-endian, and of one exact length.
 */
import { QE_AUTH_BYTES_MAX } from '#attestation/constants.ts'
import { decodePemChain } from '#attestation/der/pem.ts'
import { concat, toHex } from '#protocol/bytes.ts'
import { EVIDENCE_QUOTE_BYTES_MAX } from '#protocol/constants.ts'
import { ByteReader } from './byte-reader.ts'
import { type EnclaveReport, parseEnclaveReport } from './enclave-report.ts'
import { refuse } from './refuse.ts'
import { readTd10, readTd15, TD_10_BYTES, TD_15_BYTES, type TdReport } from './td-report.ts'

/** Body types of a version 5 quote; 1 is an SGX enclave. */
const BODY_TD_10 = 2
const BODY_TD_15 = 3
const TEE_TYPE_TDX = 0x81
const KEY_TYPE_ECDSA_P256 = 2
const CERTIFICATION_PEM_CHAIN = 5
const CERTIFICATION_QE_REPORT = 6
const INTEL_QE_VENDOR = '939a7233f79c4ca9940a0db3957f0607'
/**
 * Linux reserves a version 5 quote (6 + 648 bytes of body instead of 584) and hands out the whole
 * buffer: a version 4 quote then ends in exactly 70 zero bytes. Nothing else may follow a quote.
 */
const KERNEL_PADDING_BYTES = 70

export interface TdxQuote {
  readonly version: 4 | 5
  readonly body: TdReport
  /** Header, the body's type and size where there are such, and body: what the attestation key signs. */
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

function readHeader(reader: ByteReader): TdxQuote['version'] {
  const version = reader.u16()
  if (version !== 4 && version !== 5) {
    return refuse(`quote version ${version}; this verifier reads versions 4 and 5`)
  }
  const keyType = reader.u16()
  if (keyType !== KEY_TYPE_ECDSA_P256) refuse(`attestation key type ${keyType}`)
  const teeType = reader.u32()
  if (teeType !== TEE_TYPE_TDX) refuse(`TEE type ${teeType}; TDX is ${TEE_TYPE_TDX}`)
  reader.bytes(4)
  const vendor = toHex(reader.bytes(16))
  if (vendor !== INTEL_QE_VENDOR) refuse(`quoting enclave of vendor ${vendor}`)
  reader.bytes(20)
  return version
}

function readBody(reader: ByteReader, version: TdxQuote['version']): TdReport {
  if (version === 4) return readTd10(reader)
  const type = reader.u16()
  const length = reader.u32()
  if (type === BODY_TD_10 && length === TD_10_BYTES) return readTd10(reader)
  if (type === BODY_TD_15 && length === TD_15_BYTES) return readTd15(reader)
  return refuse(`body of type ${type} and ${length} bytes`)
}

/** Type and length in front of certification data; the data must fill the rest. */
function expectCertification(reader: ByteReader, type: number): void {
  const found = reader.u16()
  if (found !== type) refuse(`certification data of type ${found} instead of ${type}`)
  const length = reader.u32()
  if (length !== reader.left()) refuse(`certification data of ${length} of ${reader.left()} bytes`)
}

function expectEnd(version: TdxQuote['version'], padding: Uint8Array): void {
  const isPadded = version === 4 && padding.length === KERNEL_PADDING_BYTES
  if (padding.length !== 0 && !isPadded) refuse(`${padding.length} bytes after the quote`)
  if (padding.some((byte) => byte !== 0)) refuse('bytes other than zero after the quote')
}

/** Everything behind header and body. */
function readSignatureData(reader: ByteReader): Omit<TdxQuote, 'version' | 'body' | 'signedPart'> {
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
    signature,
    attestationKey,
    qeReport,
    qeReportSignature,
    qeAuthentication,
    pckChain: decodePemChain(reader.bytes(reader.left())),
  }
}

/** @throws AttestationError CHECK_FAILED, PEM_MALFORMED */
export function parseTdxQuote(quote: Uint8Array): TdxQuote {
  if (quote.length > EVIDENCE_QUOTE_BYTES_MAX) refuse(`quote of ${quote.length} bytes`)
  const reader = new ByteReader(quote)
  const version = readHeader(reader)
  const body = readBody(reader, version)
  const signedPart = quote.subarray(0, quote.length - reader.left())
  const signatureData = new ByteReader(reader.bytes(reader.u32()))
  expectEnd(version, reader.bytes(reader.left()))
  return { version, body, signedPart, ...readSignatureData(signatureData) }
}

/** The attestation key as the uncompressed point that the crypto port takes. */
export function attestationPoint(quote: TdxQuote): Uint8Array {
  return concat(Uint8Array.of(4), quote.attestationKey)
}
