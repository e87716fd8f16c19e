/**
 * Certificate chains of AMD and NVIDIA, each of one exact shape (RFC 5280 section 6): an extracted device key
 * must never act as an authority, so the length and every common name are fixed per chain.
 */
import {
  type DeviceCertificate,
  isSignedByDevice,
  parseDeviceCertificate,
} from '#attestation/der/device-certificate.ts'
import { isoSeconds } from '#attestation/der/time.ts'
import { equal } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { refuse } from './refuse.ts'

/** Per certificate, leaf first: which common names it may have. */
export type DeviceChainProfile = readonly ((commonName: string) => boolean)[]

export interface DeviceChainInput {
  /** DER, leaf first, root last. */
  readonly certificates: readonly Uint8Array[]
  /** DER of the trusted root: the last certificate must be it, byte for byte. */
  readonly root: Uint8Array
  readonly profile: DeviceChainProfile
}

function expectRank(certificate: DeviceCertificate, at: number): void {
  const name = certificate.subject.commonName
  if (at === 0) {
    if (certificate.isAuthority || certificate.maySignCertificates)
      refuse(`${name} is an authority`)
    return
  }
  const { isAuthority, maySignCertificates, pathLength } = certificate
  if (!isAuthority || !maySignCertificates) refuse(`${name} may not sign certificates`)
  if (pathLength !== undefined && at - 1 > pathLength)
    refuse(`${name} has too long a path below it`)
}

function expectDates(certificate: DeviceCertificate, nowMs: number): void {
  const name = certificate.subject.commonName
  if (nowMs < certificate.notBeforeMs) refuse(`${name} is not valid yet`)
  if (nowMs > certificate.notAfterMs)
    refuse(`${name} expired ${isoSeconds(certificate.notAfterMs)}`)
}

/**
 * Shape, names, dates and signatures up to the root; revocation is for the caller.
 * @returns the certificates, leaf first; never empty
 * @throws AttestationError CHECK_FAILED, DER_MALFORMED
 */
export function verifyDeviceChain(
  crypto: CryptoPort,
  input: DeviceChainInput,
  nowMs: number,
): readonly [DeviceCertificate, ...DeviceCertificate[]] {
  const { certificates, root, profile } = input
  if (certificates.length !== profile.length) {
    refuse(`chain of ${certificates.length} certificates instead of ${profile.length}`)
  }
  const last = certificates.at(-1)
  if (last === undefined || !equal(last, root)) refuse('the chain does not end in the trusted root')
  const all = certificates.map(parseDeviceCertificate)
  for (const [at, certificate] of all.entries()) {
    const issuer = all[at + 1] ?? certificate
    const name = certificate.subject.commonName
    if (profile[at]?.(name) !== true) refuse(`unexpected certificate "${name}"`)
    expectRank(certificate, at)
    expectDates(certificate, nowMs)
    const isNamed = equal(certificate.issuer.encoded, issuer.subject.encoded)
    if (!isNamed) refuse(`${name}: other issuer name`)
    if (!isSignedByDevice(crypto, certificate, issuer))
      refuse(`${name} is not signed by its issuer`)
  }
  const [leaf, ...authorities] = all
  return leaf === undefined ? refuse('empty chain') : [leaf, ...authorities]
}
