/** Steps from the trust anchor down to the quote's own signature. */
import { type AnchorUse, expectAnchor } from '#attestation/anchors/select.ts'
import type { RevocationList } from '#attestation/der/crl.ts'
import type { StepRecorder } from '#attestation/steps.ts'
import type { TrustAnchor } from '#attestation/types.ts'
import { concat, equal, toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import {
  type Chain,
  expectNotRevoked,
  PCK_PROFILE,
  verifyChain,
  verifyRevocationList,
} from './chain.ts'
import type { Collateral } from './collateral.ts'
import { attestationPoint, type TdxQuote } from './quote.ts'
import { refuse } from './refuse.ts'
import { type PlatformIdentity, readPlatformIdentity } from './sgx-extension.ts'
import type { TdxStepName } from './tdx-steps.ts'
import type { AppraisalContext } from './tee-verifier.ts'

const TDX_ANCHOR: AnchorUse = {
  kind: 'tdx-dcap',
  tees: { production: 'tdx', simulated: 'simulated-tdx' },
}

/** What the later steps build on; each part is undefined when its step did not pass. */
export interface Trust {
  readonly anchor: TrustAnchor | undefined
  readonly platform: PlatformIdentity | undefined
  /** Of the root and of the PCK authority. */
  readonly lists: readonly RevocationList[] | undefined
}

function expectQeReport(crypto: CryptoPort, quote: TdxQuote, pck: Chain): void {
  const { qeReport, qeReportSignature, attestationKey, qeAuthentication } = quote
  if (!crypto.ecdsaVerify('P-256', pck.leaf.publicKey, qeReport.encoded, qeReportSignature)) {
    refuse('the QE report is not signed by the PCK')
  }
  const bound = concat(crypto.sha256(concat(attestationKey, qeAuthentication)), new Uint8Array(32))
  if (!equal(qeReport.reportData, bound)) refuse('the QE report is about another attestation key')
}

function expectQuoteSignature(crypto: CryptoPort, quote: TdxQuote): void {
  if (!crypto.ecdsaVerify('P-256', attestationPoint(quote), quote.signedPart, quote.signature)) {
    refuse('the quote is not signed by its attestation key')
  }
}

function verifyLists(
  context: AppraisalContext,
  collateral: Collateral,
  pck: Chain,
): readonly RevocationList[] {
  const { crypto, nowMs } = context
  const [, authority, root] = pck.all
  if (authority === undefined || root === undefined) return refuse('a chain without authorities')
  const lists = [
    verifyRevocationList(crypto, collateral.rootCrl, root, nowMs),
    verifyRevocationList(crypto, collateral.pckCrl, authority, nowMs),
  ]
  expectNotRevoked(pck, lists)
  return lists
}

/** Steps `anchor` to `quote-signature`. */
export function checkTrust(
  steps: StepRecorder<TdxStepName>,
  context: AppraisalContext,
  quote: TdxQuote | undefined,
  collateral: Collateral | undefined,
): Trust {
  const { crypto, nowMs } = context
  const anchor = steps.run('anchor', [quote], ({ pckChain }) => {
    const value = expectAnchor(
      context,
      pckChain.at(-1) ?? refuse('no root certificate'),
      TDX_ANCHOR,
    )
    return { found: `${value.id} (${value.environment})`, value }
  })
  const pck = steps.run('pck-chain', [quote, anchor], ({ pckChain }, { rootCertificate }) => {
    const input = { certificates: pckChain, root: rootCertificate, profile: PCK_PROFILE }
    const chain = verifyChain(crypto, input, nowMs)
    const platform = readPlatformIdentity(chain.leaf)
    const { fmspc, ppid } = platform
    const found = `FMSPC ${toHex(fmspc)}, PPID ${toHex(ppid)}, serial ${chain.leaf.serial}`
    return { found, value: { chain, platform } }
  })
  const lists = steps.run('revocation', [pck, collateral], ({ chain }, received) => {
    const value = verifyLists(context, received, chain)
    const count = value.reduce((sum, list) => sum + list.revoked.size, 0)
    return { found: `2 lists, ${count} revoked certificates`, value }
  })
  steps.run('qe-report', [quote, pck], (parsed, { chain }) => {
    expectQeReport(crypto, parsed, chain)
    return { found: 'signed by the PCK', value: true }
  })
  steps.run('quote-signature', [quote], (parsed) => {
    expectQuoteSignature(crypto, parsed)
    return { found: 'signed by the attestation key', value: true }
  })
  return { anchor, platform: pck?.platform, lists }
}
