/**
 * The SGX extension of a PCK certificate: which platform it is and at which TCB (Intel SGX PCK
 * Certificate and CRL Profile Specification).
 */
import type { Certificate } from '#attestation/der/certificate.ts'
import { children, type DerElement, expectTag, TAG, unwrapOctets } from '#attestation/der/reader.ts'
import { readOctets, readOid, readSmall } from '#attestation/der/values.ts'
import { OID } from '#attestation/der/x509-parts.ts'
import { refuse } from './refuse.ts'

export interface PlatformIdentity {
  /** 16 bytes that name one processor package set for ever. */
  readonly ppid: Uint8Array
  /** SGX TCB component SVNs 1 to 16. */
  readonly componentSvns: readonly number[]
  readonly pceSvn: number
  readonly pceId: Uint8Array
  readonly fmspc: Uint8Array
}

/** `SEQUENCE OF SEQUENCE { OID, value }`, every identifier once. */
function readTable(table: DerElement, what: string): Map<string, DerElement> {
  const found = new Map<string, DerElement>()
  for (const row of children(expectTag(table, TAG.sequence, what))) {
    const [type, value, ...rest] = children(expectTag(row, TAG.sequence, what))
    const oid = readOid(type, what)
    if (value === undefined || rest.length > 0) return refuse(`${what} has a malformed row`)
    if (found.has(oid)) refuse(`${what} has ${oid} twice`)
    found.set(oid, value)
  }
  return found
}

/** @throws AttestationError CHECK_FAILED, DER_MALFORMED */
export function readPlatformIdentity(pck: Certificate): PlatformIdentity {
  const base = OID.sgxExtension
  const extension = pck.extensions.get(base) ?? refuse('the PCK certificate has no SGX extension')
  const table = readTable(unwrapOctets(extension.wrapped, 'SGX extension'), 'SGX extension')
  const tcb = readTable(expectTag(table.get(`${base}.2`), TAG.sequence, 'SGX TCB'), 'SGX TCB')
  const componentSvns = Array.from({ length: 16 }, (_, index) =>
    readSmall(tcb.get(`${base}.2.${index + 1}`), 255, `SGX TCB component ${index + 1}`),
  )
  return {
    ppid: readOctets(table.get(`${base}.1`), 16, 'PPID'),
    componentSvns,
    pceSvn: readSmall(tcb.get(`${base}.2.17`), 65_535, 'PCESVN'),
    pceId: readOctets(table.get(`${base}.3`), 2, 'PCE-ID'),
    fmspc: readOctets(table.get(`${base}.4`), 6, 'FMSPC'),
  }
}
