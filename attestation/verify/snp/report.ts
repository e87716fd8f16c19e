/**
 * Structure of an SEV-SNP attestation report, versions 2 to 5 (AMD SEV Secure Nested Paging Firmware ABI
 * Specification, 56860, ATTESTATION_REPORT). Little-endian; every reserved byte must be zero.
 */
import { concat } from '#protocol/bytes.ts'
import { ByteReader } from '../byte-reader.ts'
import { refuse } from '../refuse.ts'

export const SNP_REPORT_BYTES = 1_184
/** Everything before the signature: what the VCEK or VLEK signs. */
const SIGNED_BYTES = 0x2a0
const SIGNATURE_ECDSA_P384_SHA384 = 1
const VERSION_MIN = 2
const VERSION_MAX = 5

/** Which key signed the report. */
export type SnpSigningKey = 'vcek' | 'vlek'

export interface FirmwareVersion {
  readonly major: number
  readonly minor: number
  readonly build: number
}

/** CPUID of the processor: combined family, combined model, stepping. */
export interface ProcessorId {
  readonly family: number
  readonly model: number
  readonly stepping: number
}

export interface SnpReport {
  readonly version: number
  /** Guest POLICY, 64 bits. */
  readonly policy: bigint
  readonly vmpl: number
  /** PLATFORM_INFO, 64 bits. */
  readonly platformInfo: bigint
  readonly signingKey: SnpSigningKey
  readonly hasAuthorKey: boolean
  readonly reportData: Uint8Array
  readonly measurement: Uint8Array
  readonly hostData: Uint8Array
  readonly idKeyDigest: Uint8Array
  readonly authorKeyDigest: Uint8Array
  /** 8 bytes each; their layout depends on the product (tcb.ts). */
  readonly currentTcb: Uint8Array
  readonly reportedTcb: Uint8Array
  readonly committedTcb: Uint8Array
  readonly launchTcb: Uint8Array
  /** From version 3 on. */
  readonly processor: ProcessorId | undefined
  readonly chipId: Uint8Array
  readonly currentFirmware: FirmwareVersion
  readonly committedFirmware: FirmwareVersion
  /** The exact bytes that the signature covers. */
  readonly signedPart: Uint8Array
  /** r||s, 96 bytes, big-endian. */
  readonly signature: Uint8Array
}

function expectZero(bytes: Uint8Array, what: string): void {
  if (bytes.some((byte) => byte !== 0)) refuse(`${what} is not zero`)
}

function u64(reader: ByteReader): bigint {
  const low = reader.u32()
  return BigInt(low) + (BigInt(reader.u32()) << 32n)
}

function u8(reader: ByteReader): number {
  return reader.bytes(1)[0] ?? 0
}

/** KEY_INFO: author key flag, masked chip key, signing key; the rest reserved. */
function readKeyInfo(flags: number): { signingKey: SnpSigningKey; hasAuthorKey: boolean } {
  if (flags >>> 5 !== 0) refuse('reserved bits of KEY_INFO are set')
  if ((flags & 0x02) !== 0) refuse('the platform masks its chip key: the report is not signed')
  const key = (flags >> 2) & 0x07
  if (key > 1) return refuse(`signed by key ${key}; VCEK is 0 and VLEK 1`)
  return { signingKey: key === 0 ? 'vcek' : 'vlek', hasAuthorKey: (flags & 0x01) !== 0 }
}

/** Build, minor, major, in this order. */
function readFirmware(reader: ByteReader): FirmwareVersion {
  const [build, minor, major] = [u8(reader), u8(reader), u8(reader)]
  expectZero(reader.bytes(1), 'a reserved byte after the firmware version')
  return { major, minor, build }
}

function readProcessor(reader: ByteReader, version: number): ProcessorId | undefined {
  const fields = reader.bytes(3)
  expectZero(reader.bytes(21), 'the reserved part after the processor')
  if (version < 3) expectZero(fields, 'the processor of a version 2 report')
  const [family = 0, model = 0, stepping = 0] = fields
  return version < 3 ? undefined : { family, model, stepping }
}

/** 72 bytes little-endian, of which P-384 fills 48. */
function readScalar(reader: ByteReader, name: string): Uint8Array {
  const scalar = reader.bytes(48)
  expectZero(reader.bytes(24), `the padding of ${name}`)
  return scalar.toReversed()
}

function readSignature(bytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(bytes)
  const signature = concat(readScalar(reader, 'R'), readScalar(reader, 'S'))
  expectZero(reader.bytes(reader.left()), 'the end of the signature')
  return signature
}

/** Mitigation vectors: reserved before version 5. */
function readMitigations(reader: ByteReader, version: number): void {
  const vectors = reader.bytes(16)
  if (version < 5) expectZero(vectors, 'the mitigation vector of a report before version 5')
}

/** @throws AttestationError CHECK_FAILED */
export function parseSnpReport(bytes: Uint8Array): SnpReport {
  if (bytes.length !== SNP_REPORT_BYTES) {
    refuse(`${bytes.length} bytes; an SNP report has ${SNP_REPORT_BYTES}`)
  }
  const signedPart = bytes.subarray(0, SIGNED_BYTES)
  const reader = new ByteReader(signedPart)
  const version = reader.u32()
  if (version < VERSION_MIN || version > VERSION_MAX) {
    refuse(`report version ${version}; this verifier reads ${VERSION_MIN} to ${VERSION_MAX}`)
  }
  reader.bytes(4) // GUEST_SVN: ours is in the measurement
  const policy = u64(reader)
  reader.bytes(32) // FAMILY_ID and IMAGE_ID: names that the owner of the image chose
  const vmpl = reader.u32()
  const algorithm = reader.u32()
  if (algorithm !== SIGNATURE_ECDSA_P384_SHA384) refuse(`signature algorithm ${algorithm}`)
  const currentTcb = reader.bytes(8)
  const platformInfo = u64(reader)
  const keyInfo = readKeyInfo(reader.u32())
  expectZero(reader.bytes(4), 'the reserved part after KEY_INFO')
  const measured = {
    reportData: reader.bytes(64),
    measurement: reader.bytes(48),
    hostData: reader.bytes(32),
    idKeyDigest: reader.bytes(48),
    authorKeyDigest: reader.bytes(48),
  }
  reader.bytes(64) // REPORT_ID and that of the migration agent, which policy refuses
  const reportedTcb = reader.bytes(8)
  const processor = readProcessor(reader, version)
  const chipId = reader.bytes(64)
  const committedTcb = reader.bytes(8)
  const currentFirmware = readFirmware(reader)
  const committedFirmware = readFirmware(reader)
  const launchTcb = reader.bytes(8)
  readMitigations(reader, version)
  expectZero(reader.bytes(reader.left()), 'the reserved part before the signature')
  const tcbs = { currentTcb, reportedTcb, committedTcb, launchTcb }
  const firmware = { currentFirmware, committedFirmware }
  const machine = { vmpl, platformInfo, processor, chipId, ...firmware, ...tcbs }
  const signature = readSignature(bytes.subarray(SIGNED_BYTES))
  return { version, policy, ...keyInfo, ...measured, ...machine, signedPart, signature }
}
