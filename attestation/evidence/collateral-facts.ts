/**
 * Judges collateral for one kind of platform before it is kept or passed on: everything in it that a
 * quote is not needed for. Whoever served it is not trusted; the signatures and the root are.
 */
import { parseCertificate } from '#attestation/der/certificate.ts'
import type { RevocationList } from '#attestation/der/crl.ts'
import type { TrustAnchor } from '#attestation/types.ts'
import {
  expectNotRevoked,
  PCK_PROFILE,
  TCB_SIGNER_PROFILE,
  verifyChain,
  verifyRevocationList,
} from '#attestation/verify/chain.ts'
import { type Collateral, decodeCollateral } from '#attestation/verify/collateral.ts'
import { parseTdxQuote } from '#attestation/verify/quote.ts'
import { refuse } from '#attestation/verify/refuse.ts'
import { readPlatformIdentity } from '#attestation/verify/sgx-extension.ts'
import { readQeIdentity, readTcbInfo } from '#attestation/verify/signed-json.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'

/** Which collateral a TDX quote needs. */
export interface TdxCollateralNeed {
  readonly kind: 'tdx'
  /** 12 lowercase hexadecimal digits. */
  readonly fmspc: string
  /** The authority whose revocation list is needed. */
  readonly authority: 'platform' | 'processor'
  /** DER, leaf first, of the quote that needs it; checked here. */
  readonly pckChain: readonly Uint8Array[]
}

export interface CollateralFacts {
  /** Lower of the two documents': what roll-back is measured by. */
  readonly evaluationNumber: number
  /** Latest issue date or thisUpdate of any part, Unix milliseconds. */
  readonly issuedMs: number
  /** Earliest nextUpdate of any part, Unix milliseconds: after it nothing of this is used. */
  readonly expiresMs: number
}

/**
 * What the verifier of a quote would look up; says nothing about the quote being good.
 * @throws AttestationError CHECK_FAILED, PEM_MALFORMED, DER_MALFORMED
 */
export function tdxCollateralNeed(quote: Uint8Array): TdxCollateralNeed {
  const { pckChain } = parseTdxQuote(quote)
  const [leaf, authority] = pckChain
  if (leaf === undefined || authority === undefined) refuse('the quote has no complete PCK chain')
  const { commonName } = parseCertificate(authority).subject
  const [, authorities = []] = PCK_PROFILE
  if (!authorities.includes(commonName)) refuse(`unexpected PCK authority "${commonName}"`)
  return {
    kind: 'tdx',
    fmspc: toHex(readPlatformIdentity(parseCertificate(leaf)).fmspc),
    authority: commonName.includes('Platform') ? 'platform' : 'processor',
    pckChain,
  }
}

export interface CollateralContext {
  readonly crypto: CryptoPort
  /** The verifier's own time, Unix milliseconds; never one that came with the collateral. */
  readonly nowMs: number
  readonly anchors: readonly TrustAnchor[]
}

/**
 * @param bytes exact bytes of a TdxCollateral
 * @throws AttestationError CHECK_FAILED, DER_MALFORMED
 * @throws ProtocolError FRAME_MALFORMED
 */
export function tdxCollateralFacts(
  bytes: Uint8Array,
  need: TdxCollateralNeed,
  context: CollateralContext,
): CollateralFacts {
  const collateral = decodeCollateral(bytes)
  const { root, lists } = verifiedLists(collateral, need, context)
  const { crypto, nowMs } = context
  const signer = (certificates: readonly Uint8Array[]) => {
    const input = { certificates, root, profile: TCB_SIGNER_PROFILE }
    const chain = verifyChain(crypto, input, nowMs)
    expectNotRevoked(chain, lists)
    return chain.leaf
  }
  const info = readTcbInfo(
    crypto,
    {
      json: collateral.tcbInfo,
      signature: collateral.tcbInfoSignature,
      signer: signer(collateral.tcbInfoChain),
    },
    nowMs,
  )
  if (info.fmspc.toLowerCase() !== need.fmspc) {
    refuse(`TCB info of ${info.fmspc} instead of ${need.fmspc}`)
  }
  const identity = readQeIdentity(
    crypto,
    {
      json: collateral.qeIdentity,
      signature: collateral.qeIdentitySignature,
      signer: signer(collateral.qeIdentityChain),
    },
    nowMs,
  )
  return {
    evaluationNumber: Math.min(info.tcbEvaluationDataNumber, identity.tcbEvaluationDataNumber),
    issuedMs: Math.max(
      info.issueDate,
      identity.issueDate,
      ...lists.map((list) => list.thisUpdateMs),
    ),
    expiresMs: Math.min(
      info.nextUpdate,
      identity.nextUpdate,
      ...lists.map((list) => list.nextUpdateMs),
    ),
  }
}

/** Lists of the root and of the PCK authority, after the chain that both belong to. */
function verifiedLists(
  collateral: Collateral,
  need: TdxCollateralNeed,
  context: CollateralContext,
): { root: Uint8Array; lists: readonly RevocationList[] } {
  const { crypto, nowMs, anchors } = context
  const { pckChain } = need
  const own = anchors.find(
    ({ kind, rootCertificate }) =>
      kind === 'tdx-dcap' && equal(rootCertificate, pckChain.at(-1) ?? new Uint8Array(0)),
  )
  if (own === undefined) return refuse('the collateral leads to a root that is not trusted here')
  const root = own.rootCertificate
  const { all } = verifyChain(crypto, { certificates: pckChain, root, profile: PCK_PROFILE }, nowMs)
  const [, authority, top] = all
  if (authority === undefined || top === undefined) return refuse('a chain without authorities')
  return {
    root,
    lists: [
      verifyRevocationList(crypto, collateral.rootCrl, top, nowMs),
      verifyRevocationList(crypto, collateral.pckCrl, authority, nowMs),
    ],
  }
}
