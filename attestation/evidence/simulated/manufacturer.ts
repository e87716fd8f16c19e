/**
 * SIMULATED hardware: a manufacturer of software TEEs that is structurally Intel (root, platform CA, TCB
 * signer, one PCK certificate per machine, TCB info, QE identity, revocation lists, TDX quotes of versions 4 and 5) and
 * follows entirely from a 32-byte seed. Whoever knows the seed can mint machines: it protects nothing,
 * its tier is `simulated`, and mainnet refuses it in code.
 */
import type { QuoteSource, TrustAnchor } from '#attestation/types.ts'
import { encodeCollateral } from '#attestation/verify/collateral.ts'
import { toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { UnavailableError } from '#protocol/errors.ts'
import { runtimeLogFor } from '../event-log/runtime-log.ts'
import { issueRevocationList } from './certificates.ts'
import { documentBytes, simulatedQeIdentity, simulatedTcbInfo } from './documents.ts'
import { sign } from './keys.ts'
import { type Authority, createMachine, deriveAuthority, type TdGeneration } from './machine.ts'
import { simulatedQeSigner } from './platform.ts'

const DAY_MS = 86_400_000
/** Collateral is issued at midnight of the day before and lives as long as Intel's. */
const COLLATERAL_LIFE_MS = 31 * DAY_MS

export interface SimulatedManufacturerOptions {
  /** 32 bytes, one per network. */
  readonly seed: Uint8Array
  /** Unix milliseconds: collateral is good for at least 29 days from here. */
  readonly nowMs: number
  readonly crypto: CryptoPort
}

export interface SimulatedManufacturer {
  /** The same bytes for everybody who derives it from the same seed, whenever. */
  readonly anchor: TrustAnchor
  /** Exact bytes of a TdxCollateral, the same for every machine of the network. */
  readonly collateral: Uint8Array
  /** Authorities with their keys, for tests that forge evidence. */
  readonly authorities: SimulatedAuthorities
  /**
   * A machine by name, running the runtime of this 32-byte digest (`simulatedMeasurement`).
   * @throws RangeError when the digest is not 32 bytes
   */
  machine(
    name: string | number,
    runtimeDigest: Uint8Array,
    generation?: TdGeneration,
    /** What its guest extends RTMR3 with, 48 bytes each; then its evidence carries that log. */
    runtimeEvents?: readonly Uint8Array[],
  ): QuoteSource
}

export interface SimulatedAuthorities {
  readonly root: Authority
  readonly platform: Authority
  readonly tcbSigner: Authority
}

function deriveAuthorities(crypto: CryptoPort, seed: Uint8Array): SimulatedAuthorities {
  const root = deriveAuthority(crypto, seed, 'Intel SGX Root CA', { pathLength: 1 })
  const issuer = root
  const platform = deriveAuthority(crypto, seed, 'Intel SGX PCK Platform CA', {
    pathLength: 0,
    issuer,
  })
  const tcbSigner = deriveAuthority(crypto, seed, 'Intel SGX TCB Signing', { issuer })
  return { root, platform, tcbSigner }
}

function makeCollateral(options: SimulatedManufacturerOptions, authorities: SimulatedAuthorities) {
  const { crypto, seed, nowMs } = options
  const { root, platform, tcbSigner } = authorities
  const issuedMs = Math.floor(nowMs / DAY_MS) * DAY_MS - DAY_MS
  const nextUpdateMs = issuedMs + COLLATERAL_LIFE_MS
  const dates = { issuedMs, nextUpdateMs }
  const tcbInfo = documentBytes(simulatedTcbInfo(dates))
  const qeIdentity = documentBytes(simulatedQeIdentity(dates, simulatedQeSigner(crypto, seed)))
  const order = { revoked: [], thisUpdateMs: issuedMs, nextUpdateMs }
  const chain = [tcbSigner.certificate, root.certificate]
  return encodeCollateral({
    tcbInfo,
    tcbInfoSignature: sign(tcbSigner.key, tcbInfo),
    tcbInfoChain: chain,
    qeIdentity,
    qeIdentitySignature: sign(tcbSigner.key, qeIdentity),
    qeIdentityChain: chain,
    rootCrl: issueRevocationList(crypto, order, root),
    pckCrl: issueRevocationList(crypto, order, platform),
  })
}

/**
 * @throws RangeError when the seed is not 32 bytes
 */
export function simulatedManufacturer(
  options: SimulatedManufacturerOptions,
): SimulatedManufacturer {
  const { crypto, seed } = options
  if (seed.length !== 32) throw new RangeError('a manufacturer seed is 32 bytes')
  const authorities = deriveAuthorities(crypto, seed)
  const collateral = makeCollateral(options, authorities)
  const rootCertificate = authorities.root.certificate
  const id = `simulated-${toHex(crypto.sha256(rootCertificate)).slice(0, 16)}`
  return {
    anchor: { id, kind: 'tdx-dcap', environment: 'simulated', rootCertificate },
    collateral,
    authorities,
    machine(name, runtimeDigest, generation, runtimeEvents) {
      const guest = [runtimeDigest, generation, runtimeEvents] as const
      const machine = createMachine(crypto, seed, authorities, `${name}`, ...guest)
      return {
        tee: 'simulated-tdx',
        async quote(reportData) {
          if (reportData.length !== 64) {
            throw new UnavailableError('QUOTE_UNAVAILABLE', 'a quote is made over 64 bytes')
          }
          const quote = machine.quote(reportData)
          return { quote, collateral, ...runtimeLogFor(crypto, quote, runtimeEvents) }
        },
      }
    },
  }
}
