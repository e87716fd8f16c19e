/**
 * Writes TDX quotes of versions 4 and 5 (Intel TDX DCAP Quoting Library API). Little-endian. A TD 1.5 body
 * makes a version 5 quote; a TD 1.0 body a version 4 quote, or version 5 when that is asked for.
 */
import { encodePemChain } from '#attestation/der/pem.ts'
import type { TdReport } from '#attestation/verify/td-report.ts'
import { concat, fromHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { type SimulatedKey, sign } from './keys.ts'
import { QE_ISV_PROD_ID, QE_ISV_SVN } from './platform.ts'

const INTEL_QE_VENDOR = fromHex('939a7233f79c4ca9940a0db3957f0607')
/** INIT and PROVISION_KEY and MODE64BIT, then XFRM. */
const QE_ATTRIBUTES = fromHex('1500000000000000e700000000000000')

const BODY_TD_10 = 2
const BODY_TD_15 = 3

function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >> 8)
}

function u32(value: number): Uint8Array {
  return concat(u16(value & 0xffff), u16(value >>> 16))
}

/** Certification data: type, length, data. */
function certification(type: number, data: Uint8Array): Uint8Array {
  return concat(u16(type), u32(data.length), data)
}

export interface QuoteMaterial {
  readonly attestationKey: SimulatedKey
  readonly pckKey: SimulatedKey
  /** DER, leaf first, root last. */
  readonly pckChain: readonly Uint8Array[]
  readonly qeSigner: Uint8Array
  readonly cpuSvn: Uint8Array
  /** For a TD 1.0 body; 4 by default. */
  readonly version?: 4 | 5
  /** Overrides of the QE report, for forged quotes in tests. */
  readonly qe?: { readonly isvSvn?: number; readonly attributes?: Uint8Array }
}

function qeReport(crypto: CryptoPort, material: QuoteMaterial, authentication: Uint8Array) {
  const key = material.attestationKey.publicKey.subarray(1)
  return concat(
    material.cpuSvn,
    new Uint8Array(4 + 28),
    material.qe?.attributes ?? QE_ATTRIBUTES,
    crypto.sha256(material.qeSigner), // MRENCLAVE
    new Uint8Array(32),
    material.qeSigner,
    new Uint8Array(96),
    u16(QE_ISV_PROD_ID),
    u16(material.qe?.isvSvn ?? QE_ISV_SVN),
    new Uint8Array(60),
    crypto.sha256(concat(key, authentication)),
    new Uint8Array(32),
  )
}

function tdReportBytes(body: TdReport): Uint8Array {
  const { td15 } = body
  return concat(
    body.teeTcbSvn,
    body.mrSeam,
    body.mrSignerSeam,
    body.seamAttributes,
    body.tdAttributes,
    body.xfam,
    body.mrTd,
    body.mrConfigId,
    body.mrOwner,
    body.mrOwnerConfig,
    ...body.rtMr,
    body.reportData,
    ...(td15 === undefined ? [] : [td15.teeTcbSvn2, td15.mrServiceTd]),
  )
}

/** Header and body, and between them in version 5 the body's type and size. */
function signedBytes(body: TdReport, version: 4 | 5): Uint8Array {
  const report = tdReportBytes(body)
  const header = [u16(version), u16(2), u32(0x81), u32(0), INTEL_QE_VENDOR, new Uint8Array(20)]
  const type = body.td15 === undefined ? BODY_TD_10 : BODY_TD_15
  const prefix = version === 4 ? [] : [u16(type), u32(report.length)]
  return concat(...header, ...prefix, report)
}

export function writeTdxQuote(
  crypto: CryptoPort,
  body: TdReport,
  material: QuoteMaterial,
): Uint8Array {
  const version = body.td15 === undefined ? (material.version ?? 4) : 5
  const signedPart = signedBytes(body, version)
  const authentication = Uint8Array.from({ length: 32 }, (_, at) => at)
  const report = qeReport(crypto, material, authentication)
  const inner = concat(
    report,
    sign(material.pckKey, report),
    u16(authentication.length),
    authentication,
    certification(5, encodePemChain(material.pckChain)),
  )
  const outer = concat(
    sign(material.attestationKey, signedPart),
    material.attestationKey.publicKey.subarray(1),
    certification(6, inner),
  )
  return concat(signedPart, u32(outer.length), outer)
}
