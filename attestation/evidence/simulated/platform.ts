/** What a simulated machine says about itself, in the values and shapes that Intel's machines use. */
import { OID } from '#attestation/der/x509-parts.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { derElement, derOctets, derOid, derSequence, derSmall } from './der-writer.ts'
import { deriveBytes } from './keys.ts'

/** No Intel platform has this FMSPC. */
export const SIMULATED_FMSPC = Uint8Array.of(0xff, 0xc0, 0x6f, 0, 0, 0)
export const SIMULATED_PCE_ID = Uint8Array.of(0, 0)
export const SIMULATED_PCE_SVN = 13
/** SGX TCB components 1 to 16. */
export const SIMULATED_CPU_SVN = Uint8Array.of(3, 3, 2, 2, 4, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0)
/** TDX module version 1.6 and later microcode: byte 0 minor, byte 1 major. */
export const SIMULATED_TEE_TCB_SVN = Uint8Array.of(6, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
export const SIMULATED_EVALUATION_NUMBER = 18

export const QE_ISV_PROD_ID = 2
export const QE_ISV_SVN = 6

/** Signer of the simulated quoting enclave. */
export function simulatedQeSigner(crypto: CryptoPort, seed: Uint8Array): Uint8Array {
  return deriveBytes(crypto, seed, 'qe-signer', 32)
}

export interface PlatformValues {
  /** 16 bytes, another for each machine. */
  readonly ppid: Uint8Array
  readonly cpuSvn: Uint8Array
  readonly pceSvn: number
  readonly pceId: Uint8Array
  readonly fmspc: Uint8Array
}

/** The SGX extension (Intel SGX PCK Certificate and CRL Profile Specification). */
export function sgxExtension(values: PlatformValues): Uint8Array {
  const base = OID.sgxExtension
  const row = (suffix: string, value: Uint8Array): Uint8Array =>
    derSequence(derOid(`${base}.${suffix}`), value)
  const components = [...values.cpuSvn].map((svn, at) => row(`2.${at + 1}`, derSmall(svn)))
  const tcb = derSequence(
    ...components,
    row('2.17', derSmall(values.pceSvn)),
    row('2.18', derOctets(values.cpuSvn)),
  )
  const standardSgx = derElement(0x0a, Uint8Array.of(1))
  return derSequence(
    row('1', derOctets(values.ppid)),
    row('2', tcb),
    row('3', derOctets(values.pceId)),
    row('4', derOctets(values.fmspc)),
    row('5', standardSgx),
  )
}
