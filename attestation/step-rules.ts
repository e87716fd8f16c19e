/**
 * The steps of a verdict that do not depend on the kind of machine: what each looks at, what it requires
 * and the text that requires it. Those of a kind of machine are in its own verifier (verify/tees.ts).
 */
import type { Advice } from './types.ts'

export interface StepRule {
  /** The standard's own word for what is checked. */
  readonly term: string
  /** The part of the evidence that is looked at. */
  readonly evidence: string
  readonly required: string
  /** Specification and section. */
  readonly reference: string
  /** When it fails and the check itself does not know better; stop where nothing else is said. */
  readonly advice?: Advice
}

export type StepRules<Name extends string = string> = Readonly<Record<Name, StepRule>>

const SPEC = 'docs/spec/attestation.md'

/** Before the quote is looked at. In the order in which they are checked and shown. */
export const STATEMENT_STEPS = {
  'statement-format': {
    term: 'attested statement',
    evidence: 'statement',
    required: 'a canonical version 1 statement whose fields all have their exact lengths',
    reference: `${SPEC}#statement`,
  },
  network: {
    term: 'TON global id',
    evidence: 'statement',
    required: 'the global id that this verifier is configured for',
    reference: `${SPEC}#statement`,
  },
  role: {
    term: 'attester role',
    evidence: 'statement',
    required: 'the role that this peer is asked to play',
    reference: `${SPEC}#statement`,
  },
  'identity-key': {
    term: 'libp2p identity key',
    evidence: 'statement, connection',
    required: 'the identity key of the peer at the other end',
    reference: `${SPEC}#statement`,
  },
  'model-root': {
    term: 'model manifest root',
    evidence: 'statement',
    required: 'the manifest root of the model that was asked for',
    reference: `${SPEC}#statement`,
  },
  'sealing-suite': {
    term: 'HPKE suite (RFC 9180)',
    evidence: 'statement',
    required: 'an HPKE suite that the policy accepts',
    reference: `${SPEC}#policy`,
  },
  freshness: {
    term: 'not-before block',
    evidence: 'statement, chain',
    required: 'a not-before block on the chain that this verifier reads, at most 75 min old',
    reference: `${SPEC}#freshness`,
    advice: 'retry',
  },
  'key-lifetime': {
    term: 'key validity period',
    evidence: 'statement, chain',
    required: 'keys not expired, and expiring at most 75 min after the not-before block',
    reference: `${SPEC}#freshness`,
    advice: 'retry',
  },
  'policy-digest': {
    term: 'claimed appraisal policy',
    evidence: 'statement',
    required: 'the claimed policy, where the policy asks for its own digest',
    reference: `${SPEC}#policy`,
  },
} as const satisfies StepRules

/** After it: what ties machine, statement and this client together. */
export const BINDING_STEPS = {
  'hardware-identity': {
    term: 'hardware instance identity',
    evidence: 'quote',
    required: 'a machine that is not revoked, of the hardware tier that the policy asks for',
    reference: `${SPEC}#hardware-identity`,
  },
  'report-data': {
    term: 'REPORTDATA',
    evidence: 'quote, statement',
    required: 'SHA-512 of this mode and these exact statement bytes',
    reference: `${SPEC}#report_data`,
  },
  nonce: {
    term: 'verifier nonce (RFC 9334, section 10)',
    evidence: 'statement, nonce proof',
    required: "this client's nonce under the challenge root; none in mode epoch",
    reference: `${SPEC}#freshness`,
  },
} as const satisfies StepRules

export type StatementStepName = keyof typeof STATEMENT_STEPS
export type BindingStepName = keyof typeof BINDING_STEPS

/** Good when passed, or when neither the mode nor the policy asks for them. */
export const CONDITIONAL_BINDING_STEPS: readonly BindingStepName[] = ['nonce']
