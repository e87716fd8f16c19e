/** The collateral of an SNP report: bounded, and in the one encoding that writing it again gives. */
import { decodeCanonical, encodeMessage } from '#protocol/codec.ts'
import { EVIDENCE_COLLATERAL_BYTES_MAX } from '#protocol/constants.ts'
import { SnpCollateralSchema } from '#protocol/wire/gen/cocoon_pb.ts'

/** Fields of cocoon.v1.SnpCollateral. */
export interface SnpCollateral {
  /** DER: VCEK or VLEK, then ASK or ASVK, then ARK. */
  readonly chain: readonly Uint8Array[]
  /** DER, issued by the ARK. */
  readonly crl: Uint8Array
}

export function encodeSnpCollateral(collateral: SnpCollateral): Uint8Array {
  return encodeMessage(SnpCollateralSchema, { chain: [...collateral.chain], crl: collateral.crl })
}

/** @throws ProtocolError FRAME_MALFORMED */
export function decodeSnpCollateral(bytes: Uint8Array): SnpCollateral {
  return decodeCanonical(SnpCollateralSchema, bytes, EVIDENCE_COLLATERAL_BYTES_MAX)
}
