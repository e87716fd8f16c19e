/**
 * Evidence in, verdict out: pure and synchronous, nothing looked up here. What is required comes from
 * the context, which is the client's own, and never from the evidence.
 */
import { equal, toHex } from '#protocol/bytes.ts'
import { checkFreshness, checkKeyLifetime, type KnownBlock } from './freshness.ts'
import { type Challenge, checkNonce } from './nonce.ts'
import { policyDigest } from './policy/policy.ts'
import { type DecodedStatement, decodeStatement, reportData } from './statement.ts'
import type { BindingStepName, StatementStepName } from './step-rules.ts'
import { type Finding, StepRecorder } from './steps.ts'
import type { EvidenceBundle, Verdict } from './types.ts'
import { allStepsGood, stepRules } from './verdict-steps.ts'
import { checkGpu, type GpuContext } from './verify/gpu/gpu.ts'
import { expectHardware, type HardwareIdentity } from './verify/hardware.ts'
import { checkOpen, type OPEN_STEPS, type OpenContext } from './verify/open.ts'
import { refuse } from './verify/refuse.ts'
import type { TeeFindings } from './verify/tee-verifier.ts'
import { teeVerifier } from './verify/tees.ts'

export { requireVerdict, withStep } from './verdict-steps.ts'

export interface VerdictContext extends GpuContext, OpenContext {
  readonly expected: {
    /** Identity key of the peer at the other end of the connection. */
    readonly identityKey: Uint8Array
    readonly modelRoot: Uint8Array
    readonly role: string
  }
  /** undefined: the block that the statement names is not on the caller's chain. */
  readonly notBeforeBlock: KnownBlock | undefined
  /** Set exactly when the caller asked for a challenge quote: then an epoch quote is refused. */
  readonly challenge?: Challenge | undefined
}

function same(found: Uint8Array, expected: Uint8Array, what: string): Finding<boolean> {
  if (!equal(found, expected)) {
    refuse(`${what} instead of ${toHex(expected)}`, { found: toHex(found) })
  }
  return { found: toHex(found), value: true }
}

function checkPolicyClaim(context: VerdictContext, claimed: Uint8Array): Finding<boolean> {
  const { crypto, policy } = context
  const isSame = equal(claimed, policyDigest(crypto, policy))
  const { claimedPolicy: wanted } = policy
  const isClaimed =
    wanted === 'any' || (wanted === 'same' ? isSame : wanted.includes(toHex(claimed)))
  if (!isClaimed) {
    refuse('the provider claims another policy', { found: toHex(claimed) })
  }
  const detail = isSame ? "the client's own policy" : "another policy; only the client's counts"
  return { found: toHex(claimed), value: true, detail }
}

/** Everything that the statement alone can be checked for. */
function checkStatement(
  steps: StepRecorder<StatementStepName>,
  evidence: EvidenceBundle,
  context: VerdictContext,
): DecodedStatement | undefined {
  const { globalId, expected, policy, notBeforeBlock, nowMs } = context
  const statement = steps.run('statement-format', [], () => {
    const value = decodeStatement(evidence.statement)
    return { found: `${evidence.statement.length} bytes`, value }
  })
  const needs = [statement?.core] as const
  steps.run('network', needs, (core) => {
    const found = `${core.globalId}`
    if (core.globalId !== globalId) refuse(`global id ${found} instead of ${globalId}`, { found })
    return { found, value: true }
  })
  steps.run('role', needs, (core) => {
    if (core.role !== expected.role) {
      refuse(`role ${core.role} instead of ${expected.role}`, { found: core.role })
    }
    return { found: core.role, value: true }
  })
  steps.run('identity-key', needs, (core) =>
    same(core.identityKey, expected.identityKey, 'another identity key'),
  )
  steps.run('model-root', needs, (core) =>
    same(core.modelRoot, expected.modelRoot, 'another model root'),
  )
  steps.run('sealing-suite', needs, (core) => {
    const isAccepted = policy.sealingSuites.includes(core.hpkeSuite)
    if (!isAccepted) refuse('the policy does not accept this suite', { found: core.hpkeSuite })
    return { found: core.hpkeSuite, value: true }
  })
  const start = steps.run('freshness', needs, (core) =>
    checkFreshness(evidence.mode, core, notBeforeBlock, nowMs),
  )
  steps.run('key-lifetime', [statement?.core, start], (core, from) =>
    checkKeyLifetime(core, from, nowMs),
  )
  // A peer without a TEE meets no policy, and must not say that it does.
  if (evidence.kind !== 'none') {
    steps.run('policy-digest', needs, (core) => checkPolicyClaim(context, core.policyDigest))
  }
  return statement
}

function checkReportData(
  evidence: EvidenceBundle,
  context: VerdictContext,
  found: Uint8Array,
): Finding<boolean> {
  const wanted = reportData(context.crypto, evidence.mode, evidence.statement)
  if (!equal(found, wanted)) {
    refuse('the quote was made over another statement or mode', { found: toHex(found) })
  }
  return { found: `${toHex(found).slice(0, 16)}…`, value: true }
}

/** The statement is what the quote covers: it says which of the runtimes that a release may have this one is. */
function checkRuntime(
  { core }: DecodedStatement,
  measured: readonly Uint8Array[] | undefined,
): void {
  if (measured === undefined) return
  if (measured.some((one) => equal(one, core.runtimeDigest))) return
  refuse('the statement names another runtime than the one that was measured', {
    found: toHex(core.runtimeDigest),
  })
}

const NOTHING: TeeFindings = {
  anchor: undefined,
  reportData: undefined,
  hardware: undefined,
  runtimeDigests: undefined,
}

/** Everything that ties machine, statement and this client together. */
function checkBinding(
  steps: StepRecorder<BindingStepName>,
  evidence: EvidenceBundle,
  context: VerdictContext,
  statement: DecodedStatement | undefined,
  findings: TeeFindings,
): HardwareIdentity | undefined {
  const { crypto, policy } = context
  const { anchor, hardware } = findings
  const identity = steps.run('hardware-identity', [anchor, hardware], (root, id) => {
    const value = expectHardware(crypto, policy.hardware, root.environment, id)
    return { found: `${value.tier}, ${value.name}`, value }
  })
  steps.run('report-data', [statement, findings.reportData], (decoded, found) => {
    checkRuntime(decoded, findings.runtimeDigests)
    return checkReportData(evidence, context, found)
  })
  steps.run('nonce', [statement], ({ challenge }) =>
    checkNonce(crypto, evidence.mode, challenge, context.challenge),
  )
  return identity
}

/**
 * Checks everything about one piece of evidence. Never throws for bad evidence: the failed step says
 * why. The tier is `confidential` only under a manufacturer's root, `simulated` otherwise; it means
 * something only when `ok`. Evidence of a kind without a verifier is never `ok`.
 */
export function verifyEvidence(evidence: EvidenceBundle, context: VerdictContext): Verdict {
  const { kind } = evidence
  if (kind === 'none') return verifyOpen(evidence, context)
  const steps = new StepRecorder(stepRules(kind))
  const statement = checkStatement(steps, evidence, context)
  const findings = teeVerifier(kind)?.check(steps, evidence, context) ?? NOTHING
  const hardware = checkBinding(steps, evidence, context, statement, findings)
  const { anchor } = findings
  const machine = hardware && anchor ? { name: hardware.name, anchor } : undefined
  const { gpuEvidence } = evidence
  const gpus = checkGpu(steps, { gpuEvidence, statement, machine }, context)
  const tier = anchor?.environment === 'production' ? 'confidential' : 'simulated'
  const ok = allStepsGood(kind, steps.steps)
  const found = {
    ...(hardware === undefined ? {} : { hardware }),
    ...(gpus === undefined ? {} : { gpus }),
  }
  return { evidenceKind: kind, tier, ok, ...found, steps: steps.steps }
}

/** Tier open whatever it says: there is no branch from here to another tier. */
function verifyOpen(evidence: EvidenceBundle, context: VerdictContext): Verdict {
  type Name = StatementStepName | BindingStepName | keyof typeof OPEN_STEPS
  const steps = new StepRecorder<Name>(stepRules('none'))
  const statement = checkStatement(steps, evidence, context)
  checkOpen(steps, evidence, statement?.core, context)
  steps.run('nonce', [statement], ({ challenge }) =>
    checkNonce(context.crypto, evidence.mode, challenge, context.challenge),
  )
  const ok = allStepsGood('none', steps.steps)
  return { evidenceKind: 'none', tier: 'open', ok, steps: steps.steps }
}
