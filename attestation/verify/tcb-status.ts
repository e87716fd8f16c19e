/** The status of everything together, and whether the policy accepts it. */
import { isoSeconds, parseIsoSeconds } from '#attestation/der/time.ts'
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { refuse } from './refuse.ts'
import type { PlatformIdentity } from './sgx-extension.ts'
import type { TcbInfo } from './signed-json.ts'
import { converge, selectPlatformLevel, type TcbLevel } from './tcb-level.ts'

export interface TcbJudgement extends TcbLevel {
  /** The lower tcbEvaluationDataNumber of the two documents. */
  readonly evaluationNumber: number
}

export interface TcbFacts {
  readonly info: TcbInfo
  readonly platform: PlatformIdentity
  /** TDX module SVNs at the guest's launch, and where the quote has them those of now; each with its level. */
  readonly modules: readonly { readonly teeTcbSvn: Uint8Array; readonly level: TcbLevel }[]
  readonly quotingEnclave: TcbLevel
  readonly evaluationNumber: number
}

type TcbPolicy = AttestationPolicy['tcb']

/** An OutOfDate status as if the platform were up to date: what the grace period stands in for. */
const WITHOUT_AGE = {
  OutOfDate: 'UpToDate',
  OutOfDateConfigurationNeeded: 'ConfigurationNeeded',
} as const

function isInGrace(level: TcbLevel, { grace, statuses }: TcbPolicy, nowMs: number): boolean {
  const { status } = level
  if (grace === null) return false
  if (status !== 'OutOfDate' && status !== 'OutOfDateConfigurationNeeded') return false
  const tcbDateMinMs = parseIsoSeconds(grace.tcbDateMin) ?? Number.POSITIVE_INFINITY
  const untilMs = parseIsoSeconds(grace.until) ?? 0
  const isYoung = level.tcbDateMs >= tcbDateMinMs && nowMs < untilMs
  return isYoung && statuses.includes(WITHOUT_AGE[status])
}

function expectAccepted(level: TcbLevel, policy: TcbPolicy, nowMs: number): void {
  const { status, advisories } = level
  const found = { found: `${status}, TCB of ${isoSeconds(level.tcbDateMs)}` }
  const isListed = status !== 'Revoked' && policy.statuses.includes(status)
  if (!isListed && !isInGrace(level, policy, nowMs)) {
    refuse(`TCB status ${status}: ${advisories.join(' ')}`, found)
  }
  const open = advisories.filter((one) => !policy.advisories.includes(one))
  if (status !== 'UpToDate' && open.length > 0) refuse(`advisories ${open.join(' ')}`, found)
}

/**
 * Every set of module SVNs is judged for itself, and every one must be accepted.
 * @throws AttestationError CHECK_FAILED
 */
export function expectTcbStatus(facts: TcbFacts, policy: TcbPolicy, nowMs: number): TcbJudgement {
  const { info, platform, modules, quotingEnclave, evaluationNumber } = facts
  const levels = modules.map(({ teeTcbSvn, level }) =>
    [level, quotingEnclave].reduce(converge, selectPlatformLevel(info, platform, teeTcbSvn)),
  )
  for (const level of levels) expectAccepted(level, policy, nowMs)
  const { evaluationNumberMin } = policy
  if (evaluationNumber < evaluationNumberMin) {
    refuse(`collateral of evaluation ${evaluationNumber}, older than ${evaluationNumberMin}`, {
      found: `evaluation ${evaluationNumber}`,
      advice: 'retry',
    })
  }
  const worst = levels.find(({ status }) => status !== 'UpToDate') ?? levels[0]
  return { ...(worst ?? refuse('a quote without module SVNs')), evaluationNumber }
}
