/**
 * The certificate table that a SEV-SNP host hands to its guest as `auxblob` (AMD GHCB specification,
 * SNP Extended Guest Request). It saves a look-up and proves nothing: the verifier checks every
 * certificate in it.
 */
import { SNP_TABLE_CERTIFICATES_MAX } from '#attestation/evidence/constants.ts'
import { toHex } from '#protocol/bytes.ts'

export type SnpCertificateSlot = 'vcek' | 'vlek' | 'ask' | 'ark' | 'crl'

const ENTRY_BYTES = 24
const SLOTS: Readonly<Record<string, SnpCertificateSlot>> = {
  '63da758de6644564adc5f4b93be8accd': 'vcek',
  a8074bc2a25a483eaae639c045a0b8a1: 'vlek',
  '4ab7b379bbac4fe4a02f05aef327c782': 'ask',
  c0b406a4a803495297433fb6014cd0ae: 'ark',
  '92f81bc358114d3d97ffd19f88dc67ea': 'crl',
}

/**
 * Entries that are known and lie inside of the table, by slot; the first of a slot wins. A table that
 * is cut or lies about its offsets gives fewer, never an error: then the vendor's service is asked.
 */
export function readCertificateTable(table: Uint8Array): Map<SnpCertificateSlot, Uint8Array> {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength)
  const found = new Map<SnpCertificateSlot, Uint8Array>()
  for (let index = 0; index < SNP_TABLE_CERTIFICATES_MAX; index += 1) {
    const at = index * ENTRY_BYTES
    if (at + ENTRY_BYTES > table.length) break
    const guid = table.subarray(at, at + 16)
    if (guid.every((byte) => byte === 0)) break
    const slot = SLOTS[toHex(guid)] ?? SLOTS[toHex(mixedEndian(guid))]
    const start = view.getUint32(at + 16, true)
    const length = view.getUint32(at + 20, true)
    if (slot === undefined || found.has(slot)) continue
    if (length > 0 && start + length <= table.length)
      found.set(slot, table.slice(start, start + length))
  }
  return found
}

/** Tools disagree about the byte order of a GUID's first three groups: both are understood. */
function mixedEndian(guid: Uint8Array): Uint8Array {
  const [a, b, c] = [guid.slice(0, 4), guid.slice(4, 6), guid.slice(6, 8)]
  return Uint8Array.from([...a.reverse(), ...b.reverse(), ...c.reverse(), ...guid.subarray(8)])
}
