/**
 * SIMULATED AMD: a manufacturer of software SNP machines that is structurally AMD (ARK, ASK, one VCEK per chip, CRL,
 * reports). Chips follow from the network's seed; the two RSA keys are TEST ONLY and everybody's
 * (docs/decisions/015-rsa-test-keys.md). It protects nothing, its tier is `simulated`, and mainnet refuses it in code.
 */
import type { SnpProduct } from '#attestation/policy/snp-section.ts'
import { quotedBytes, type ReportData } from '#attestation/report-data.ts'
import type { QuoteSource, TrustAnchor } from '#attestation/types.ts'
import { encodeSnpCollateral } from '#attestation/verify/snp/collateral.ts'
import { productName } from '#attestation/verify/snp/product.ts'
import { toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import {
  type DeviceNames,
  issueDeviceCertificate,
  issueDeviceRevocationList,
} from './device-certificates.ts'
import type { DeviceIssuerKey } from './device-keys.ts'
import { deriveBytes } from './keys.ts'
import { testOnlyRsaKey } from './rsa-signer.ts'
import { createSnpMachine, type SnpAuthorities, type SnpMachineOptions } from './snp-machine.ts'
import { writeSnpReport } from './snp-report-writer.ts'

const DAY_MS = 86_400_000
/** AMD's lists live for a year; these are issued at midnight of the day before. */
const CRL_LIFE_MS = 365 * DAY_MS

export interface SimulatedAmdOptions {
  /** 32 bytes, one per network. */
  readonly seed: Uint8Array
  /** Unix milliseconds. */
  readonly nowMs: number
  readonly crypto: CryptoPort
  /** Genoa when left out; others for tests. */
  readonly product?: SnpProduct
  /** VCEK when left out. */
  readonly signingKey?: SnpMachineOptions['signingKey']
}

export interface SimulatedAmd {
  /** The same bytes for everybody who derives it from the same seed, whenever. */
  readonly anchor: TrustAnchor
  /** Authorities with their keys, for tests that forge evidence. */
  readonly authorities: SnpAuthorities
  /** DER. */
  readonly crl: Uint8Array
  /**
   * A machine by name, running the runtime of this 32-byte digest (`simulatedSnpMeasurement`).
   * @throws RangeError when the digest is not 32 bytes
   */
  machine(name: string | number, runtimeDigest: Uint8Array): QuoteSource
}

function serialOf(crypto: CryptoPort, seed: Uint8Array, purpose: string): string {
  const [first = 0, ...rest] = deriveBytes(crypto, seed, `amd serial ${purpose}`, 20)
  return toHex(Uint8Array.of(0x40 | (first & 0x3f), ...rest))
}

interface Issuing {
  readonly names: DeviceNames
  readonly root: SnpAuthorities['root']
  issue(commonName: string, key: DeviceIssuerKey, authority: { pathLength?: number }): Uint8Array
}

function deriveRoot(options: SimulatedAmdOptions, product: SnpProduct): Issuing {
  const { crypto, seed } = options
  const network = toHex(deriveBytes(crypto, seed, 'amd network', 8))
  const names = { organizationalUnit: `SIMULATED, protects nothing, network ${network}` }
  const key = { kind: 'RSA-4096', key: testOnlyRsaKey('ark') } as const
  const issuer = { commonName: `ARK-${productName(product)}`, key }
  const issue: Issuing['issue'] = (commonName, subjectKey, authority) => {
    const serial = serialOf(crypto, seed, commonName)
    const order = { commonName, key: subjectKey, serial, authority }
    return issueDeviceCertificate(crypto, names, order, issuer)
  }
  const certificate = issue(issuer.commonName, key, {})
  return { names, root: { ...issuer, certificate }, issue }
}

/** What machines need and a client does not: it waits until it is asked for. */
function deriveIssuers(options: SimulatedAmdOptions, product: SnpProduct, issuing: Issuing) {
  const { crypto, nowMs, signingKey = 'vcek' } = options
  const { names, root, issue } = issuing
  const commonName = `SEV-${signingKey === 'vlek' ? 'VLEK-' : ''}${productName(product)}`
  const key = { kind: 'RSA-4096', key: testOnlyRsaKey('ask') } as const
  const signer = { commonName, key, certificate: issue(commonName, key, { pathLength: 0 }) }
  const thisUpdateMs = Math.floor(nowMs / DAY_MS) * DAY_MS - DAY_MS
  const dates = { thisUpdateMs, nextUpdateMs: thisUpdateMs + CRL_LIFE_MS }
  const crl = issueDeviceRevocationList(crypto, names, { revoked: [], ...dates }, root)
  return { authorities: { names, root, signer }, crl }
}

/**
 * One RSA signature, about 40 ms; two more when the first machine is made.
 * @throws RangeError when the seed is not 32 bytes
 */
export function simulatedAmd(options: SimulatedAmdOptions): SimulatedAmd {
  const { crypto, seed, product = 'genoa', signingKey = 'vcek' } = options
  if (seed.length !== 32) throw new RangeError('a manufacturer seed is 32 bytes')
  const issuing = deriveRoot(options, product)
  let issuers: ReturnType<typeof deriveIssuers> | undefined
  const made = () => {
    issuers ??= deriveIssuers(options, product, issuing)
    return issuers
  }
  const rootCertificate = issuing.root.certificate
  const id = `simulated-ark-${toHex(crypto.sha256(rootCertificate)).slice(0, 16)}`
  return {
    anchor: { id, kind: 'amd-ark', environment: 'simulated', rootCertificate },
    get authorities() {
      return made().authorities
    },
    get crl() {
      return made().crl
    },
    machine(name, runtimeDigest) {
      const { authorities, crl } = made()
      const machineOptions = { product, signingKey, name: `${name}`, runtimeDigest }
      const machine = createSnpMachine(crypto, seed, authorities, machineOptions)
      const chain = [machine.certificate, authorities.signer.certificate, rootCertificate]
      const collateral = encodeSnpCollateral({ chain, crl })
      return {
        tee: 'simulated-snp',
        async quote(reportData: ReportData) {
          const fields = machine.fields(quotedBytes(reportData))
          return { quote: writeSnpReport(fields, machine.key), collateral }
        },
      }
    },
  }
}
