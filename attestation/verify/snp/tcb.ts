/**
 * TCB_VERSION: eight bytes whose layout changed with Turin, and the same numbers as extensions of the VCEK
 * (AMD SNP Firmware ABI Specification, TCB_VERSION; AMD VCEK Certificate and KDS Interface Specification).
 */
import type { DeviceCertificate } from '#attestation/der/device-certificate.ts'
import { unwrapOctets } from '#attestation/der/reader.ts'
import { readSmall } from '#attestation/der/values.ts'
import type { SnpProduct, SnpTcb } from '#attestation/policy/snp-section.ts'
import { refuse } from '../refuse.ts'
import { AMD_OID } from './vcek-extensions.ts'

/** Byte offset of each component; `fmc` exists from Turin on. */
const LAYOUT = {
  beforeTurin: { fmc: undefined, bootLoader: 0, tee: 1, snp: 6, microcode: 7 },
  turin: { fmc: 0, bootLoader: 1, tee: 2, snp: 3, microcode: 7 },
} as const

const COMPONENTS = ['fmc', 'bootLoader', 'tee', 'snp', 'microcode'] as const

function layoutOf(product: SnpProduct): Readonly<Record<keyof SnpTcb, number | undefined>> {
  return product === 'turin' ? LAYOUT.turin : LAYOUT.beforeTurin
}

/** @throws AttestationError CHECK_FAILED when a reserved byte is not zero */
export function readTcb(bytes: Uint8Array, product: SnpProduct): SnpTcb {
  const layout = layoutOf(product)
  const used: (number | undefined)[] = Object.values(layout)
  if (bytes.some((byte, at) => byte !== 0 && !used.includes(at))) {
    refuse('reserved bytes of a TCB version are not zero')
  }
  const at = (offset: number | undefined) => (offset === undefined ? 0 : (bytes[offset] ?? 0))
  return {
    fmc: at(layout.fmc),
    bootLoader: at(layout.bootLoader),
    tee: at(layout.tee),
    snp: at(layout.snp),
    microcode: at(layout.microcode),
  }
}

/**
 * The TCB that a VCEK or VLEK was derived for. Before Turin there is no FMC extension, from Turin on it is
 * required; an extension twice is refused by the certificate reader.
 * @throws AttestationError CHECK_FAILED, DER_MALFORMED
 */
export function readCertifiedTcb(certificate: DeviceCertificate, product: SnpProduct): SnpTcb {
  const svn = (oid: string, name: string): number => {
    const extension = certificate.extensions.get(oid) ?? refuse(`no ${name} extension`)
    return readSmall(unwrapOctets(extension.wrapped, name), 255, name)
  }
  const hasFmc = certificate.extensions.has(AMD_OID.fmcSpl)
  if (hasFmc !== (product === 'turin')) refuse('an FMC extension belongs to Turin, and only to it')
  return {
    fmc: hasFmc ? svn(AMD_OID.fmcSpl, 'FMC SPL') : 0,
    bootLoader: svn(AMD_OID.bootLoaderSpl, 'boot loader SPL'),
    tee: svn(AMD_OID.teeSpl, 'TEE SPL'),
    snp: svn(AMD_OID.snpSpl, 'SNP SPL'),
    microcode: svn(AMD_OID.microcodeSpl, 'microcode SPL'),
  }
}

/** `boot loader 4, TEE 0, SNP 24, microcode 221`. */
export function tcbText(tcb: SnpTcb): string {
  const fmc = tcb.fmc === 0 ? '' : `FMC ${tcb.fmc}, `
  return `${fmc}boot loader ${tcb.bootLoader}, TEE ${tcb.tee}, SNP ${tcb.snp}, microcode ${tcb.microcode}`
}

export function isSameTcb(one: SnpTcb, other: SnpTcb): boolean {
  return COMPONENTS.every((name) => one[name] === other[name])
}

/** Whether every component is at least what `floor` asks for. */
export function isAtLeast(tcb: SnpTcb, floor: SnpTcb): boolean {
  return COMPONENTS.every((name) => tcb[name] >= floor[name])
}
