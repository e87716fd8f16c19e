/** The collateral message: bounded, complete, and in the one encoding that writing it again gives. */
import { decodeCanonical, encodeMessage } from '#protocol/codec.ts'
import { EVIDENCE_COLLATERAL_BYTES_MAX } from '#protocol/constants.ts'
import { TdxCollateralSchema } from '#protocol/wire/gen/cocoon_pb.ts'

/** Fields of cocoon.v1.TdxCollateral. */
export interface Collateral {
  /** Exact JSON bytes. */
  readonly tcbInfo: Uint8Array
  /** r||s. */
  readonly tcbInfoSignature: Uint8Array
  /** DER, leaf first. */
  readonly tcbInfoChain: readonly Uint8Array[]
  readonly qeIdentity: Uint8Array
  readonly qeIdentitySignature: Uint8Array
  readonly qeIdentityChain: readonly Uint8Array[]
  /** DER. */
  readonly rootCrl: Uint8Array
  readonly pckCrl: Uint8Array
}

export function encodeCollateral(collateral: Collateral): Uint8Array {
  return encodeMessage(TdxCollateralSchema, {
    ...collateral,
    tcbInfoChain: [...collateral.tcbInfoChain],
    qeIdentityChain: [...collateral.qeIdentityChain],
  })
}

/** @throws ProtocolError FRAME_MALFORMED */
export function decodeCollateral(bytes: Uint8Array): Collateral {
  return decodeCanonical(TdxCollateralSchema, bytes, EVIDENCE_COLLATERAL_BYTES_MAX)
}
