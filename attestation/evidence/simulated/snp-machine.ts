/** SIMULATED SNP machines: chips, their VCEK or VLEK, and the reports of the guest on them. */
import type { SnpProduct, SnpTcb } from '#attestation/policy/snp-section.ts'
import { productName } from '#attestation/verify/snp/product.ts'
import { AMD_OID } from '#attestation/verify/snp/vcek-extensions.ts'
import { concat, fromHex, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { extension } from './certificates.ts'
import { derElement, derSmall } from './der-writer.ts'
import {
  type DeviceIssuer,
  type DeviceNames,
  issueDeviceCertificate,
} from './device-certificates.ts'
import { deriveP384Key, type SimulatedP384Key } from './device-keys.ts'
import { deriveBytes } from './keys.ts'
import { simulatedSnpMeasurement } from './measurements-snp.ts'
import type { SnpReportFields } from './snp-report-writer.ts'

/** At or above every floor of the built-in policies. */
export const SIMULATED_SNP_TCB: Readonly<Record<SnpProduct, SnpTcb>> = {
  milan: { fmc: 0, bootLoader: 4, tee: 0, snp: 24, microcode: 220 },
  genoa: { fmc: 0, bootLoader: 10, tee: 0, snp: 24, microcode: 84 },
  turin: { fmc: 1, bootLoader: 2, tee: 1, snp: 4, microcode: 60 },
}

/** ABI 1.55, SMT allowed, reserved bit 17. */
const POLICY = 0x3_0137n
/** SMT, ECC and ALIAS_CHECK_COMPLETE. */
const PLATFORM_INFO = 0b10_0101n

export interface SnpAuthorities {
  readonly names: DeviceNames
  readonly root: DeviceIssuer & { readonly certificate: Uint8Array }
  /** ASK, or ASVK for the keys of cloud providers. */
  readonly signer: DeviceIssuer & { readonly certificate: Uint8Array }
}

export interface SnpMachine {
  readonly key: SimulatedP384Key
  /** DER of the VCEK or VLEK. */
  readonly certificate: Uint8Array
  /** What this guest's report says about these 64 bytes. */
  fields(reportData: Uint8Array): SnpReportFields
}

export interface SnpMachineOptions {
  readonly product: SnpProduct
  readonly signingKey: 'vcek' | 'vlek'
  readonly name: string
  /** 32 bytes. */
  readonly runtimeDigest: Uint8Array
}

/** Extensions of a VCEK or VLEK (AMD VCEK Certificate and KDS Interface Specification). */
export function chipExtensions(
  product: SnpProduct,
  tcb: SnpTcb,
  owner: { readonly hardwareId: Uint8Array } | { readonly cloudProvider: string },
): Uint8Array[] {
  const ia5 = (text: string) => derElement(0x16, utf8(text))
  const raw = (oid: string, value: Uint8Array) => extension(oid, value)
  return [
    raw(AMD_OID.productName, ia5(productName(product))),
    ...(product === 'turin' ? [raw(AMD_OID.fmcSpl, derSmall(tcb.fmc))] : []),
    raw(AMD_OID.bootLoaderSpl, derSmall(tcb.bootLoader)),
    raw(AMD_OID.teeSpl, derSmall(tcb.tee)),
    raw(AMD_OID.snpSpl, derSmall(tcb.snp)),
    raw(AMD_OID.microcodeSpl, derSmall(tcb.microcode)),
    'hardwareId' in owner
      ? raw(AMD_OID.hardwareId, owner.hardwareId)
      : raw(AMD_OID.cloudProviderId, ia5(owner.cloudProvider)),
  ]
}

/** @throws RangeError when the digest is not 32 bytes */
export function createSnpMachine(
  crypto: CryptoPort,
  seed: Uint8Array,
  authorities: SnpAuthorities,
  options: SnpMachineOptions,
): SnpMachine {
  const { product, signingKey, name, runtimeDigest } = options
  const idBytes = product === 'turin' ? 8 : 64
  const hardwareId = deriveBytes(crypto, seed, `snp chip ${name}`, idBytes)
  const chipId = concat(hardwareId, new Uint8Array(64 - idBytes))
  const key = deriveP384Key(crypto, seed, `${signingKey} ${product} ${name}`)
  const tcb = SIMULATED_SNP_TCB[product]
  const owner = signingKey === 'vcek' ? { hardwareId } : { cloudProvider: 'simulated.example' }
  const order = {
    commonName: `SEV-${signingKey.toUpperCase()}`,
    key: { kind: 'P-384', key } as const,
    serial: '00',
    extensions: chipExtensions(product, tcb, owner),
  }
  const { names, signer } = authorities
  const certificate = issueDeviceCertificate(crypto, names, order, signer)
  const { measurement, hostData } = simulatedSnpMeasurement(crypto, runtimeDigest)
  const fields = (reportData: Uint8Array): SnpReportFields => ({
    version: 3,
    product,
    policy: POLICY,
    vmpl: 0,
    platformInfo: PLATFORM_INFO,
    keyInfo: signingKey === 'vcek' ? 0 : 1 << 2,
    tcb,
    chipId,
    reportData,
    measurement: fromHex(measurement),
    hostData: fromHex(hostData),
    idKeyDigest: new Uint8Array(48),
    authorKeyDigest: new Uint8Array(48),
    firmware: { major: 1, minor: 55, build: 40 },
  })
  return { key, certificate, fields }
}
