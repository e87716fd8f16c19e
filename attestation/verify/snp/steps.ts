/** The steps of an SNP report, in the order in which they are checked and shown. */
import type { StepRules } from '#attestation/step-rules.ts'

const SPEC = 'docs/spec/attestation.md'
const ABI = 'AMD SEV-SNP Firmware ABI Specification (56860)'
const KDS = 'AMD VCEK Certificate and KDS Interface Specification (57230)'

export const SNP_STEPS = {
  'report-format': {
    term: 'ATTESTATION_REPORT',
    evidence: 'report',
    required: 'an SNP report version 2 to 5 of 1,184 bytes, reserved bytes zero',
    reference: `${ABI}, ATTESTATION_REPORT`,
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
    evidence: 'collateral, own anchors',
    required: 'an ARK that this verifier and the policy accept on this network',
    reference: `${SPEC}#anchors`,
  },
  'vcek-chain': {
    term: 'VCEK or VLEK certificate chain',
    evidence: 'collateral',
    required: 'VCEK, ASK, ARK (or VLEK, ASVK, ARK): exact names, flags, dates and signatures',
    reference: `${KDS}; RFC 5280, section 6`,
  },
  revocation: {
    term: 'certificate revocation list',
    evidence: 'collateral',
    required: 'a fresh revocation list of the ARK, without these certificates',
    reference: `${KDS}; RFC 5280, section 5`,
    advice: 'retry',
  },
  'report-signature': {
    term: 'SIGNATURE',
    evidence: 'report',
    required: 'the report signed by the VCEK or VLEK (ECDSA P-384 with SHA-384)',
    reference: `${ABI}, ECDSA P-384 with SHA-384 signature`,
  },
  'vcek-identity': {
    term: 'HWID and product name of the VCEK',
    evidence: 'report, collateral',
    required:
      'the key of the chip, product and processor that the report names, as the policy allows',
    reference: `${KDS}, VCEK extensions; ${SPEC}#policy`,
  },
  'tcb-status': {
    term: 'TCB_VERSION',
    evidence: 'report, collateral',
    required: 'REPORTED_TCB as certified; every TCB and the committed firmware at the floors',
    reference: `${ABI}, TCB_VERSION; ${SPEC}#policy`,
  },
  'guest-policy': {
    term: 'guest POLICY and VMPL',
    evidence: 'report',
    required: 'DEBUG 0, MIGRATE_MA, SMT, SINGLE_SOCKET and VMPL as the policy allows, reserved 0',
    reference: `${ABI}, guest policy`,
  },
  'platform-info': {
    term: 'PLATFORM_INFO',
    evidence: 'report',
    required: 'ALIAS_CHECK_COMPLETE, ciphertext hiding, page-swap disable and others by policy',
    reference: `${ABI}, PLATFORM_INFO`,
  },
  'id-keys': {
    term: 'ID_KEY_DIGEST and AUTHOR_KEY_DIGEST',
    evidence: 'report',
    required: 'digests of the keys that the policy lists',
    reference: `${ABI}, ID block`,
  },
  measurements: {
    term: 'MEASUREMENT and HOST_DATA',
    evidence: 'report',
    required: 'launch digest and host data of one release that the policy lists',
    reference: `${ABI}, launch digest; ${SPEC}#policy`,
  },
} as const satisfies StepRules

export type SnpStepName = keyof typeof SNP_STEPS
