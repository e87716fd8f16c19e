/** The steps of a verdict: their names, what each requires and the text that requires it. */

interface StepRule {
  readonly required: string
  readonly reference: string
}

const SPEC = 'docs/spec/attestation.md'
const QUOTE = 'Intel TDX DCAP Quoting Library API, quote version 4'
const PROFILE = 'Intel SGX PCK Certificate and CRL Profile Specification'
const PCS = 'Intel PCS API v4'
const MODULE = 'Intel TDX Module ABI Specification'

/** In the order in which they are checked and shown. */
export const STEPS = {
  'statement-format': {
    required: 'a canonical version 1 statement whose fields all have their exact lengths',
    reference: `${SPEC}#statement`,
  },
  network: {
    required: 'the global id that this verifier is configured for',
    reference: `${SPEC}#statement`,
  },
  role: { required: 'the role that this peer is asked to play', reference: `${SPEC}#statement` },
  'identity-key': {
    required: 'the identity key of the peer at the other end',
    reference: `${SPEC}#statement`,
  },
  'model-root': {
    required: 'the manifest root of the model that was asked for',
    reference: `${SPEC}#statement`,
  },
  'sealing-suite': {
    required: 'an HPKE suite that the policy accepts',
    reference: `${SPEC}#policy`,
  },
  freshness: {
    required: 'a not-before block on the chain that this verifier reads, at most 75 min old',
    reference: `${SPEC}#freshness`,
  },
  'key-lifetime': {
    required: 'keys not expired, and expiring at most 75 min after the not-before block',
    reference: `${SPEC}#freshness`,
  },
  'policy-digest': {
    required: 'the claimed policy, where the policy asks for its own digest',
    reference: `${SPEC}#policy`,
  },
  'quote-format': {
    required: 'a TDX quote version 4 with a TD 1.0 body, of exact length',
    reference: QUOTE,
  },
  'collateral-format': {
    required: 'a canonical collateral message',
    reference: `${SPEC}#collateral`,
  },
  anchor: {
    required: 'a root that this verifier and the policy accept on this network',
    reference: `${SPEC}#anchors`,
  },
  'pck-chain': {
    required: 'PCK Certificate, PCK CA, Root CA: exact names, flags, dates and signatures',
    reference: `${PROFILE}; RFC 5280, section 6`,
  },
  revocation: {
    required: 'fresh revocation lists of both authorities, without these certificates',
    reference: `${PROFILE}; RFC 5280, section 5`,
  },
  'qe-report': {
    required: 'a QE report signed by the PCK over the attestation key',
    reference: `${QUOTE}, QE report certification data`,
  },
  'quote-signature': {
    required: 'header and body signed by the attestation key',
    reference: `${QUOTE}, ECDSA signature data`,
  },
  'tcb-info': {
    required: 'unexpired TCB info for this platform, signed by Intel SGX TCB Signing',
    reference: `${PCS}, Get TDX TCB Info`,
  },
  'qe-identity': {
    required: 'the quoting enclave that the signed and unexpired identity describes',
    reference: `${PCS}, Get TDX QE Identity`,
  },
  'seam-module': {
    required: 'a TDX module of the signer and with the attributes that TCB info gives',
    reference: `${PCS}, TDX module identities`,
  },
  'tcb-status': {
    required: 'a TCB status, advisories and an evaluation number that the policy accepts',
    reference: `${PCS}, TCB levels; ${SPEC}#policy`,
  },
  'td-attributes': {
    required: 'DEBUG 0, SEPT_VE_DISABLE 1, MIGRATABLE 0, PERFMON 0, reserved 0, XFAM in the mask',
    reference: `${MODULE}, ATTRIBUTES and XFAM`,
  },
  measurements: {
    required: 'MRTD, RTMR0-3, MRCONFIGID and owners of one release that the policy lists',
    reference: `${SPEC}#policy`,
  },
  'report-data': {
    required: 'SHA-512 of this mode and these exact statement bytes',
    reference: `${SPEC}#report_data`,
  },
  nonce: {
    required: "this client's nonce under the challenge root; none in mode epoch",
    reference: `${SPEC}#freshness`,
  },
  'gpu-evidence': {
    required: 'GPU evidence with the hash in the statement, where the policy requires it',
    reference: `${SPEC}#gpu-evidence`,
  },
} as const satisfies Record<string, StepRule>

export type StepName = keyof typeof STEPS

export const STEP_NAMES = Object.keys(STEPS) as readonly StepName[]

/** Good when passed, or when neither the mode nor the policy asks for them. */
export const CONDITIONAL_STEPS: readonly StepName[] = ['nonce', 'gpu-evidence']

/** Every one must be `passed`. */
export const MANDATORY_STEPS: readonly StepName[] = STEP_NAMES.filter(
  (name) => !CONDITIONAL_STEPS.includes(name),
)
