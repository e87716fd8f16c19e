/** The steps of a TDX quote, in the order in which they are checked and shown. */
import type { StepRules } from '#attestation/step-rules.ts'

const SPEC = 'docs/spec/attestation.md'
const QUOTE = 'Intel TDX DCAP Quoting Library API, quote versions 4 and 5'
const PROFILE = 'Intel SGX PCK Certificate and CRL Profile Specification'
const PCS = 'Intel PCS API v4'
const MODULE = 'Intel TDX Module ABI Specification'

export const TDX_STEPS = {
  'quote-format': {
    term: 'TD quote',
    evidence: 'quote',
    required: 'a TDX quote version 4 or 5 with a TD 1.0 or TD 1.5 body, of exact length',
    reference: QUOTE,
  },
  'collateral-format': {
    term: 'verification collateral',
    evidence: 'collateral',
    required: 'a canonical collateral message',
    reference: `${SPEC}#collateral`,
    advice: 'retry',
  },
  anchor: {
    term: 'trust anchor (RFC 6024)',
    evidence: 'quote, own anchors',
    required: 'a root that this verifier and the policy accept on this network',
    reference: `${SPEC}#anchors`,
  },
  'pck-chain': {
    term: 'PCK certificate chain',
    evidence: 'quote',
    required: 'PCK Certificate, PCK CA, Root CA: exact names, flags, dates and signatures',
    reference: `${PROFILE}; RFC 5280, section 6`,
  },
  revocation: {
    term: 'certificate revocation list',
    evidence: 'collateral',
    required: 'fresh revocation lists of both authorities, without these certificates',
    reference: `${PROFILE}; RFC 5280, section 5`,
  },
  'qe-report': {
    term: 'QE report certification data',
    evidence: 'quote',
    required: 'a QE report signed by the PCK over the attestation key',
    reference: `${QUOTE}, QE report certification data`,
  },
  'quote-signature': {
    term: 'quote signature',
    evidence: 'quote',
    required: 'header and body signed by the attestation key',
    reference: `${QUOTE}, ECDSA signature data`,
  },
  'tcb-info': {
    term: 'TCB info',
    evidence: 'collateral',
    required: 'unexpired TCB info for this platform, signed by Intel SGX TCB Signing',
    reference: `${PCS}, Get TDX TCB Info`,
  },
  'qe-identity': {
    term: 'QE identity',
    evidence: 'quote, collateral',
    required: 'the quoting enclave that the signed and unexpired identity describes',
    reference: `${PCS}, Get TDX QE Identity`,
  },
  'seam-module': {
    term: 'MRSEAM, MRSIGNERSEAM, SEAMATTRIBUTES',
    evidence: 'quote, collateral',
    required: 'a TDX module of the signer and with the attributes that TCB info gives',
    reference: `${PCS}, TDX module identities`,
  },
  'tcb-status': {
    term: 'TCB status',
    evidence: 'quote, collateral',
    required: 'a TCB status, advisories and an evaluation number that the policy accepts',
    reference: `${PCS}, TCB levels; ${SPEC}#policy`,
  },
  'td-attributes': {
    term: 'TDATTRIBUTES, XFAM, MRSERVICETD',
    evidence: 'quote',
    required:
      'DEBUG 0, SEPT_VE_DISABLE 1, PERFMON 0, reserved 0, no service TD, MIGRATABLE and XFAM as the policy says',
    reference: `${MODULE}, ATTRIBUTES and XFAM`,
  },
  measurements: {
    term: 'MRTD, RTMR0-3, MRCONFIGID, MROWNER, MROWNERCONFIG',
    evidence: 'quote, event log',
    required: 'MRTD, RTMR0-3, MRCONFIGID and owners of one release that the policy lists',
    reference: `${SPEC}#policy`,
  },
} as const satisfies StepRules

export type TdxStepName = keyof typeof TDX_STEPS
