/**
 * Certificate chains of one exact shape. An extracted leaf key must never act as an authority, so the
 * length, every common name, the CA flags and the key usages are fixed per chain (Intel SGX PCK
 * Certificate and Certificate Revocation List Profile Specification; RFC 5280 section 6).
 */
import { type Certificate, isSignedBy, parseCertificate } from '#attestation/der/certificate.ts'
import { parseRevocationList, type RevocationList } from '#attestation/der/crl.ts'
import { equal } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { isoSeconds } from '../der/time.ts'
import { refuse } from './refuse.ts'

/** Common names from leaf to root. */
export type ChainProfile = readonly (readonly string[])[]

const ROOT_NAMES = ['Intel SGX Root CA'] as const

export const PCK_PROFILE: ChainProfile = [
  ['Intel SGX PCK Certificate'],
  ['Intel SGX PCK Platform CA', 'Intel SGX PCK Processor CA'],
  ROOT_NAMES,
]
export const TCB_SIGNER_PROFILE: ChainProfile = [['Intel SGX TCB Signing'], ROOT_NAMES]

export interface ChainInput {
  /** DER, leaf first, root last. */
  readonly certificates: readonly Uint8Array[]
  /** DER of the trusted root: the last certificate must be it, byte for byte. */
  readonly root: Uint8Array
  readonly profile: ChainProfile
}

/** Leaf first, root last; never empty. */
export interface Chain {
  readonly leaf: Certificate
  readonly all: readonly Certificate[]
}

function expectRole(certificate: Certificate, authoritiesBelow: number, isLeaf: boolean): void {
  const name = certificate.subject.commonName
  if (certificate.isAuthority === isLeaf) refuse(`wrong CA flag in ${name}`)
  if (isLeaf && !certificate.mayDigitalSign) refuse(`${name} may not sign`)
  if (isLeaf && certificate.maySignCertificates) refuse(`${name} may sign certificates`)
  if (isLeaf) return
  if (!certificate.maySignCertificates) refuse(`${name} may not sign certificates`)
  const limit = certificate.pathLength
  if (limit !== undefined && authoritiesBelow > limit)
    refuse(`${name} has too long a path below it`)
}

/**
 * Shape, names, dates and signatures up to the root; revocation is checked by `expectNotRevoked`.
 * @throws AttestationError CHECK_FAILED, DER_MALFORMED
 */
export function verifyChain(crypto: CryptoPort, input: ChainInput, nowMs: number): Chain {
  const { certificates, root, profile } = input
  if (certificates.length !== profile.length) {
    refuse(`chain of ${certificates.length} certificates instead of ${profile.length}`)
  }
  const last = certificates.at(-1)
  if (last === undefined || !equal(last, root)) refuse('the chain does not end in the trusted root')
  const all = certificates.map(parseCertificate)
  for (const [index, certificate] of all.entries()) {
    const issuer = all[index + 1] ?? certificate
    const name = certificate.subject.commonName
    if (!profile[index]?.includes(name)) refuse(`unexpected certificate "${name}"`)
    expectRole(certificate, Math.max(index - 1, 0), index === 0)
    if (nowMs < certificate.notBeforeMs) refuse(`${name} is not valid yet`)
    if (nowMs > certificate.notAfterMs)
      refuse(`${name} expired ${isoSeconds(certificate.notAfterMs)}`)
    if (!equal(certificate.issuer.encoded, issuer.subject.encoded))
      refuse(`${name}: other issuer name`)
    if (!isSignedBy(crypto, certificate, issuer)) refuse(`${name} is not signed by its issuer`)
  }
  return { leaf: all[0] ?? refuse('empty chain'), all }
}

/**
 * A complete list of what `issuer` revoked, fresh and signed by it.
 * @throws AttestationError CHECK_FAILED, DER_MALFORMED
 */
export function verifyRevocationList(
  crypto: CryptoPort,
  encoded: Uint8Array,
  issuer: Certificate,
  nowMs: number,
): RevocationList {
  const list = parseRevocationList(encoded)
  const name = issuer.subject.commonName
  if (!equal(list.issuer.encoded, issuer.subject.encoded)) {
    refuse(`the revocation list of "${list.issuer.commonName}" instead of "${name}"`)
  }
  if (!issuer.maySignCrls) refuse(`${name} may not sign revocation lists`)
  if (!isSignedBy(crypto, list, issuer)) refuse(`the revocation list is not signed by ${name}`)
  if (nowMs < list.thisUpdateMs) refuse(`the revocation list of ${name} is not valid yet`)
  if (nowMs > list.nextUpdateMs) {
    refuse(`the revocation list of ${name} expired ${isoSeconds(list.nextUpdateMs)}`, {
      advice: 'retry',
    })
  }
  return list
}

/**
 * Looks every certificate below the root up in the list of its own issuer; no list, no trust.
 * @throws AttestationError CHECK_FAILED
 */
export function expectNotRevoked(chain: Chain, lists: readonly RevocationList[]): void {
  for (const certificate of chain.all.slice(0, -1)) {
    const list = lists.find((one) => equal(one.issuer.encoded, certificate.issuer.encoded))
    const name = certificate.subject.commonName
    if (list === undefined) refuse(`no revocation list for ${name}`)
    if (list.revoked.has(certificate.serial)) refuse(`${name} ${certificate.serial} is revoked`)
  }
}
