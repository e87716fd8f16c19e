/**
 * SPDM 1.1 GET_MEASUREMENTS with signature (DMTF DSP0274 section 10.11): the request and the response as NVIDIA's
 * driver hands them out, one after the other. Little-endian; of exact length.
 */
import { GPU_MEASUREMENTS_MAX, GPU_OPAQUE_FIELDS_MAX } from '#attestation/constants.ts'
import { ByteReader } from '../byte-reader.ts'
import { refuse } from '../refuse.ts'

const SPDM_1_1 = 0x11
const GET_MEASUREMENTS = 0xe0
const MEASUREMENTS = 0x60
/** Param1 bit 0: with signature. Param2: every measurement block. */
const WITH_SIGNATURE = 0x01
const ALL_BLOCKS = 0xff
const DMTF_SPECIFICATION = 0x01
/** ECDSA P-384. */
const SIGNATURE_BYTES = 96

export interface SpdmMeasurements {
  /** The requester's nonce, 32 bytes. */
  readonly nonce: Uint8Array
  /** Measurement values by block index, 1 to 255. */
  readonly blocks: ReadonlyMap<number, Uint8Array>
  /** The vendor's own fields by type (gpu/opaque.ts). */
  readonly opaque: ReadonlyMap<number, Uint8Array>
  /** Request and response without the signature. */
  readonly signedPart: Uint8Array
  /** r||s, big-endian. */
  readonly signature: Uint8Array
}

function u8(reader: ByteReader): number {
  return reader.bytes(1)[0] ?? 0
}

function expectHead(reader: ByteReader, code: number, what: string): [number, number] {
  const [version, found, first, second] = [u8(reader), u8(reader), u8(reader), u8(reader)]
  if (version !== SPDM_1_1) refuse(`${what} of SPDM version ${version.toString(16)}`)
  if (found !== code) refuse(`${what} with code ${found.toString(16)}`)
  return [first, second]
}

function readRequest(reader: ByteReader): Uint8Array {
  const [attributes, operation] = expectHead(reader, GET_MEASUREMENTS, 'a request')
  if (attributes !== WITH_SIGNATURE) refuse('a request without signature')
  if (operation !== ALL_BLOCKS) refuse('a request for some of the measurements')
  const nonce = reader.bytes(32)
  const slot = u8(reader)
  if (slot !== 0) refuse(`a request for certificate slot ${slot}`)
  return nonce
}

/** Index, specification, size; then type and size of the value, which fill it. */
function readBlocks(record: Uint8Array, count: number): ReadonlyMap<number, Uint8Array> {
  const reader = new ByteReader(record)
  const found = new Map<number, Uint8Array>()
  for (let left = count; left > 0; left--) {
    const index = u8(reader)
    const specification = u8(reader)
    if (specification !== DMTF_SPECIFICATION) refuse(`measurement ${index} of no DMTF kind`)
    if (index === 0 || found.has(index)) refuse(`measurement ${index} is out of place`)
    const block = new ByteReader(reader.bytes(reader.u16()))
    u8(block) // immutable ROM, mutable firmware, configuration: what it is follows from its index
    const value = block.bytes(block.u16())
    if (block.left() !== 0) refuse(`measurement ${index} with bytes after its value`)
    found.set(index, value)
  }
  if (reader.left() !== 0) refuse('bytes after the last measurement')
  return found
}

function readOpaque(data: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const reader = new ByteReader(data)
  const found = new Map<number, Uint8Array>()
  while (reader.left() > 0) {
    const type = reader.u16()
    const value = reader.bytes(reader.u16())
    if (found.has(type)) refuse(`opaque field ${type} twice`)
    if (found.size === GPU_OPAQUE_FIELDS_MAX) refuse('too many opaque fields')
    found.set(type, value)
  }
  return found
}

/** @throws AttestationError CHECK_FAILED */
export function parseSpdmMeasurements(bytes: Uint8Array): SpdmMeasurements {
  const reader = new ByteReader(bytes)
  const nonce = readRequest(reader)
  const [, slot] = expectHead(reader, MEASUREMENTS, 'a response')
  if ((slot & 0x0f) !== 0) refuse(`a response of certificate slot ${slot & 0x0f}`)
  const count = u8(reader)
  if (count === 0 || count > GPU_MEASUREMENTS_MAX) refuse(`${count} measurements`)
  const record = reader.bytes(reader.u16() + 65_536 * u8(reader))
  const blocks = readBlocks(record, count)
  reader.bytes(32) // the responder's nonce
  const opaque = readOpaque(reader.bytes(reader.u16()))
  if (reader.left() !== SIGNATURE_BYTES) refuse(`a signature of ${reader.left()} bytes`)
  const signature = reader.bytes(SIGNATURE_BYTES)
  const signedPart = bytes.subarray(0, bytes.length - SIGNATURE_BYTES)
  return { nonce, blocks, opaque, signedPart, signature }
}
