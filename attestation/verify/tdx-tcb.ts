/** Steps about signed collateral: is the platform, its TDX module and its quoting enclave up to date? */
import type { Certificate } from '#attestation/der/certificate.ts'
import type { RevocationList } from '#attestation/der/crl.ts'
import type { StepRecorder } from '#attestation/steps.ts'
import type { TrustAnchor } from '#attestation/types.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import { expectNotRevoked, TCB_SIGNER_PROFILE, verifyChain } from './chain.ts'
import type { Collateral } from './collateral.ts'
import { expectQeIdentity } from './qe-identity.ts'
import type { TdxQuote } from './quote.ts'
import { refuse } from './refuse.ts'
import { expectSeamModules } from './seam-module.ts'
import type { PlatformIdentity } from './sgx-extension.ts'
import { readQeIdentity, readTcbInfo, type TcbInfo } from './signed-json.ts'
import { expectTcbStatus, type TcbJudgement } from './tcb-status.ts'
import type { TdxStepName } from './tdx-steps.ts'
import type { Trust } from './tdx-trust.ts'
import type { AppraisalContext } from './tee-verifier.ts'

interface TcbInput extends Trust {
  readonly quote: TdxQuote | undefined
  readonly collateral: Collateral | undefined
}

/** The signer of a document: its exact chain, unrevoked. */
type SignerOf = (
  certificates: readonly Uint8Array[],
  anchor: TrustAnchor,
  lists: readonly RevocationList[],
) => Certificate

/** Of one verdict: the chain that signs both documents, as Intel's does, is judged once. */
function signersIn({ crypto, nowMs }: AppraisalContext): SignerOf {
  let good: { readonly certificates: readonly Uint8Array[]; readonly leaf: Certificate } | undefined
  return (certificates, anchor, lists) => {
    if (good !== undefined && isSameChain(good.certificates, certificates)) return good.leaf
    const input = { certificates, root: anchor.rootCertificate, profile: TCB_SIGNER_PROFILE }
    const chain = verifyChain(crypto, input, nowMs)
    expectNotRevoked(chain, lists)
    good = { certificates, leaf: chain.leaf }
    return chain.leaf
  }
}

function isSameChain(one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  return one.length === other.length && one.every((der, at) => equal(der, other[at] ?? NONE))
}

const NONE: Uint8Array = new Uint8Array(0)

function expectSamePlatform(info: TcbInfo, platform: PlatformIdentity): void {
  const fmspc = toHex(platform.fmspc)
  if (info.fmspc.toLowerCase() !== fmspc) refuse(`TCB info of ${info.fmspc} for platform ${fmspc}`)
  if (info.pceId.toLowerCase() !== toHex(platform.pceId)) refuse('TCB info of another PCE')
}

/** Steps `tcb-info` to `tcb-status`. */
export function checkTcb(
  steps: StepRecorder<TdxStepName>,
  context: AppraisalContext,
  input: TcbInput,
): TcbJudgement | undefined {
  const { crypto, nowMs, policy } = context
  const { quote, collateral, anchor, lists, platform } = input
  const trusted = [collateral, anchor, lists] as const
  const signerOf = signersIn(context)
  const info = steps.run('tcb-info', [...trusted, platform], (received, root, crls, found) => {
    const signer = signerOf(received.tcbInfoChain, root, crls)
    const { tcbInfo: json, tcbInfoSignature: signature } = received
    const value = readTcbInfo(crypto, { json, signature, signer }, nowMs)
    expectSamePlatform(value, found)
    return { found: `evaluation ${value.tcbEvaluationDataNumber}`, value }
  })
  const qe = steps.run('qe-identity', [...trusted, quote], (received, root, crls, parsed) => {
    const signer = signerOf(received.qeIdentityChain, root, crls)
    const { qeIdentity: json, qeIdentitySignature: signature } = received
    const identity = readQeIdentity(crypto, { json, signature, signer }, nowMs)
    const level = expectQeIdentity(identity, parsed.qeReport)
    const evaluationNumber = identity.tcbEvaluationDataNumber
    return { found: `TD_QE ${level.status}`, value: { level, evaluationNumber } }
  })
  const seam = steps.run('seam-module', [quote, info], ({ body }, tcbInfo) => {
    const value = expectSeamModules(tcbInfo, body, policy.tdx)
    return { found: value.map(({ id, level }) => `${id} ${level.status}`).join(', '), value }
  })
  const needs = [platform, info, qe, seam] as const
  return steps.run('tcb-status', needs, (found, tcbInfo, enclave, modules) => {
    const evaluationNumber = Math.min(tcbInfo.tcbEvaluationDataNumber, enclave.evaluationNumber)
    const quotingEnclave = enclave.level
    const facts = { info: tcbInfo, platform: found, modules, quotingEnclave, evaluationNumber }
    const value = expectTcbStatus(facts, policy.tcb, nowMs)
    return { found: value.status, detail: value.advisories.join(' '), value }
  })
}
