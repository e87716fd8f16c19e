/** The status of everything together, and whether the policy accepts it. */
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { refuse } from './refuse.ts'
import type { PlatformIdentity } from './sgx-extension.ts'
import type { TcbInfo, TcbStatus } from './signed-json.ts'
import { converge, selectPlatformLevel, type TcbLevel } from './tcb-level.ts'

export interface TcbJudgement extends TcbLevel {
  /** The lower tcbEvaluationDataNumber of the two documents. */
  readonly evaluationNumber: number
}

interface TcbFacts {
  readonly info: TcbInfo
  readonly platform: PlatformIdentity
  readonly teeTcbSvn: Uint8Array
  /** TDX module and quoting enclave. */
  readonly others: readonly TcbLevel[]
}

function isAccepted(status: TcbStatus, policy: AttestationPolicy): boolean {
  return status !== 'Revoked' && policy.tcb.statuses.includes(status)
}

/** @throws AttestationError CHECK_FAILED */
export function expectTcbStatus(
  facts: TcbFacts,
  evaluationNumber: number,
  policy: AttestationPolicy,
): TcbJudgement {
  const platform = selectPlatformLevel(facts.info, facts.platform, facts.teeTcbSvn)
  const { status, advisories } = facts.others.reduce(converge, platform)
  if (!isAccepted(status, policy)) refuse(`TCB status ${status}: ${advisories.join(' ')}`)
  const open = advisories.filter((one) => !policy.tcb.advisories.includes(one))
  if (status !== 'UpToDate' && open.length > 0) refuse(`advisories ${open.join(' ')}`)
  const { evaluationNumberMin } = policy.tcb
  if (evaluationNumber < evaluationNumberMin) {
    refuse(`collateral of evaluation ${evaluationNumber}, older than ${evaluationNumberMin}`)
  }
  return { status, advisories, evaluationNumber }
}
