/** Writes SPDM 1.1 GET_MEASUREMENTS exchanges as NVIDIA's driver hands them out. Little-endian. */
import { OPAQUE } from '#attestation/verify/gpu/opaque.ts'
import { concat, fromHex, utf8 } from '#protocol/bytes.ts'
import { type SimulatedP384Key, signP384 } from './device-keys.ts'

export interface SpdmFields {
  /** 32 bytes. */
  readonly nonce: Uint8Array
  /** 32 bytes. */
  readonly responderNonce: Uint8Array
  /** Values of the blocks from index 1 on, 48 bytes each. */
  readonly measurements: readonly Uint8Array[]
  /** Vendor fields by type. */
  readonly opaque: readonly (readonly [number, Uint8Array])[]
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >> 8)
}

/** `550.90.07` and `96.00.9F.00.01` and a FWID, in NVIDIA's encodings. */
export function firmwareFields(
  driver: string,
  vbios: string,
  fwid: Uint8Array,
): SpdmFields['opaque'] {
  const [a = '', b = '', c = '', d = '', e = ''] = vbios.split('.')
  return [
    [OPAQUE.driverVersion, concat(utf8(driver), Uint8Array.of(0))],
    [OPAQUE.vbiosVersion, fromHex(`${d}${c}${b}${a}${e}000000`)],
    [OPAQUE.nvdecStatus, Uint8Array.of(0x55)],
    [OPAQUE.fwid, fwid],
  ]
}

/** Request and response, signed by the key of the device's running firmware. */
export function writeSpdmMeasurements(fields: SpdmFields, key: SimulatedP384Key): Uint8Array {
  const blocks = fields.measurements.map((value, at) => {
    const measurement = concat(Uint8Array.of(1), u16(value.length), value)
    return concat(Uint8Array.of(at + 1, 1), u16(measurement.length), measurement)
  })
  const record = concat(...blocks)
  const opaque = concat(
    ...fields.opaque.map(([type, value]) => concat(u16(type), u16(value.length), value)),
  )
  const lengths = concat(u16(record.length & 0xffff), Uint8Array.of(record.length >> 16))
  const request = concat(Uint8Array.of(0x11, 0xe0, 1, 0xff), fields.nonce, Uint8Array.of(0))
  const head = concat(Uint8Array.of(0x11, 0x60, 0, 0, blocks.length), lengths)
  const body = concat(head, record, fields.responderNonce, u16(opaque.length), opaque)
  const signedPart = concat(request, body)
  return concat(signedPart, signP384(key, signedPart))
}
