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
import { issueDeviceCertificate, issueDeviceRevocationList } from './device-certificates.ts'
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

function deriveAuthorities(options: SimulatedAmdOptions, product: SnpProduct): SnpAuthorities {
  const { crypto, seed, signingKey = 'vcek' } = options
  const network = toHex(deriveBytes(crypto, seed, 'amd network', 8))
  const names = { organizationalUnit: `SIMULATED, protects nothing, network ${network}` }
  const arkName = `ARK-${productName(product)}`
  const askName = `SEV-${signingKey === 'vlek' ? 'VLEK-' : ''}${productName(product)}`
  const ark = { kind: 'RSA-4096', key: testOnlyRsaKey('ark') } as const
  const ask = { kind: 'RSA-4096', key: testOnlyRsaKey('ask') } as const
  const issuer = { commonName: arkName, key: ark }
  const issue = (commonName: string, key: typeof ark, authority: { pathLength?: number }) =>
    issueDeviceCertificate(
      crypto,
      names,
      { commonName, key, serial: serialOf(crypto, seed, commonName), authority },
      issuer,
    )
  return {
    names,
    root: { ...issuer, certificate: issue(arkName, ark, {}) },
    signer: { commonName: askName, key: ask, certificate: issue(askName, ask, { pathLength: 0 }) },
  }
}

/**
 * Four RSA signatures, about 0.1 s.
 * @throws RangeError when the seed is not 32 bytes
 */
export function simulatedAmd(options: SimulatedAmdOptions): SimulatedAmd {
  const { crypto, seed, nowMs, product = 'genoa', signingKey = 'vcek' } = options
  if (seed.length !== 32) throw new RangeError('a manufacturer seed is 32 bytes')
  const authorities = deriveAuthorities(options, product)
  const { names, root, signer } = authorities
  const thisUpdateMs = Math.floor(nowMs / DAY_MS) * DAY_MS - DAY_MS
  const dates = { thisUpdateMs, nextUpdateMs: thisUpdateMs + CRL_LIFE_MS }
  const crl = issueDeviceRevocationList(crypto, names, { revoked: [], ...dates }, root)
  const rootCertificate = root.certificate
  const id = `simulated-ark-${toHex(crypto.sha256(rootCertificate)).slice(0, 16)}`
  return {
    anchor: { id, kind: 'amd-ark', environment: 'simulated', rootCertificate },
    authorities,
    crl,
    machine(name, runtimeDigest) {
      const machineOptions = { product, signingKey, name: `${name}`, runtimeDigest }
      const machine = createSnpMachine(crypto, seed, authorities, machineOptions)
      const chain = [machine.certificate, signer.certificate, rootCertificate]
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
