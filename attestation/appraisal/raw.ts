/** Raw evidence of a machine, without a statement: every step that needs none is judged. */
import { StepRecorder } from '#attestation/steps.ts'
import type { VerdictStep } from '#attestation/types.ts'
import { stepRules } from '#attestation/verdict-steps.ts'
import { expectHardware } from '#attestation/verify/hardware.ts'
import type { AppraisalContext } from '#attestation/verify/tee-verifier.ts'
import { teeVerifier } from '#attestation/verify/tees.ts'
import type { EvidenceKind } from '#protocol/evidence.ts'
import { type Appraisal, conclude, skipped, stepOf } from './appraisal.ts'
import type { EvidenceForm } from './recognise.ts'

const NOTHING_BOUND = 'raw evidence: there is no statement that it could be bound to'
const NO_COLLATERAL = 'no collateral was given'
/** No message begins like this: the step fails, and those that build on it are skipped. */
const MISSING = Uint8Array.of(0xff)

export interface RawEvidence {
  readonly kind: EvidenceKind
  readonly quote: Uint8Array
  /** undefined: none was given; every step that needs none is judged all the same. */
  readonly collateral: Uint8Array | undefined
}

export interface AppraiseOptions {
  readonly allowUnbound: boolean
}

export function appraiseRaw(
  evidence: RawEvidence,
  context: AppraisalContext,
  options: AppraiseOptions,
): Appraisal {
  const { kind, quote, collateral = MISSING } = evidence
  const form: EvidenceForm = kind === 'tdx' ? 'tdx-quote' : 'snp-report'
  const rules = stepRules(kind)
  const recorder = new StepRecorder(rules)
  const findings = teeVerifier(kind)?.check(recorder, { quote, collateral }, context)
  const needs = [findings?.anchor, findings?.hardware] as const
  const hardware = recorder.run('hardware-identity', needs, ({ environment }, id) => {
    const value = expectHardware(context.crypto, context.policy.hardware, environment, id)
    return { found: `${value.tier}, ${value.name}`, value }
  })
  const judged = new Map(recorder.steps.map((step) => [step.name, step]))
  const isMissing = evidence.collateral === undefined
  const unbound = new Map<string, string>()
  const steps = Object.entries(rules).map(([name, rule]): VerdictStep => {
    const step = judged.get(name)
    if (step === undefined) {
      unbound.set(name, NOTHING_BOUND)
      return stepOf(name, rule, { status: 'skipped', detail: NOTHING_BOUND })
    }
    return isMissing ? withoutCollateral(step) : step
  })
  const tier = findings?.anchor?.environment === 'production' ? 'confidential' : 'simulated'
  return conclude({ form, tier, hardware, steps, unbound, ...options })
}

/** What was skipped for want of collateral says so, and is never good. */
function withoutCollateral(step: VerdictStep): VerdictStep {
  const isCollateral = step.name === 'collateral-format'
  return isCollateral || step.status === 'skipped' ? skipped(step, NO_COLLATERAL) : step
}
