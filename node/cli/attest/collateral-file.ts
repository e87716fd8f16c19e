/** `--collateral` and `--certs` in the forms that services and tools write them. */
import { collateralFromPcs } from '#attestation/evidence/pcs-collateral.ts'
import { readPemCertificates } from '#attestation/evidence/pem-certificates.ts'
import { encodeSnpCollateral } from '#attestation/verify/snp/collateral.ts'
import { EVIDENCE_COLLATERAL_BYTES_MAX } from '#protocol/constants.ts'
import { readBounded } from '../bounded-file.ts'

export interface CollateralOptions {
  readonly collateral?: string
  readonly certs?: readonly string[]
}

/** A SEQUENCE: a certificate or a list in DER. */
const DER_SEQUENCE = 0x30
/** Certificates of the longest chain, NVIDIA's, and some to spare. */
const CERTIFICATES_MAX = 8

/**
 * Exact bytes of a TdxCollateral: as saved, or the JSON document of PCS. What cannot be read is handed
 * on as it is, for the step `collateral-format` to refuse. undefined: none was named.
 */
export function tdxCollateralOf({ collateral }: CollateralOptions): Uint8Array | undefined {
  const file = readNamed(collateral)
  if (file === undefined || file[0] !== '{'.charCodeAt(0)) return file
  try {
    return collateralFromPcs(JSON.parse(new TextDecoder().decode(file)))
  } catch {
    return file
  }
}

/** Certificates from `--certs` and AMD's list from `--collateral`, or a saved SnpCollateral alone. */
export function snpCollateralOf(options: CollateralOptions): Uint8Array | undefined {
  const file = readNamed(options.collateral)
  const chain = certificatesOf(options)
  if (chain === undefined) return file
  return encodeSnpCollateral({ chain, crl: file ?? new Uint8Array(0) })
}

/** Every certificate of every named file, in their order; undefined: none was named. */
export function certificatesOf({ certs }: CollateralOptions): Uint8Array[] | undefined {
  return certs?.flatMap((name) => {
    const file = new Uint8Array(readBounded(name, EVIDENCE_COLLATERAL_BYTES_MAX))
    if (file[0] === DER_SEQUENCE) return [file]
    return readPemCertificates(new TextDecoder('latin1').decode(file), CERTIFICATES_MAX)
  })
}

function readNamed(name: string | undefined): Uint8Array | undefined {
  if (name === undefined) return undefined
  return new Uint8Array(readBounded(name, EVIDENCE_COLLATERAL_BYTES_MAX))
}
