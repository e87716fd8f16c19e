/** The steps of GPU evidence, in the order in which they are checked and shown. */
import type { StepRules } from '#attestation/step-rules.ts'

const SPEC = 'docs/spec/attestation.md'
const SPDM = 'DMTF DSP0274 (SPDM 1.1)'

export const GPU_STEPS = {
  'gpu-evidence': {
    term: 'GPU attestation evidence',
    evidence: 'GPU evidence, statement',
    required: 'GPU evidence with the hash in the statement, where the policy requires it',
    reference: `${SPEC}#gpu-evidence`,
  },
  'gpu-identity': {
    term: 'GPU device identity certificate chain',
    evidence: 'GPU evidence, own anchors',
    required:
      'five certificates up to the pinned device identity root, FWID bound, none revoked by the policy',
    reference: `RFC 5280, section 6; TCG DICE; ${SPEC}#gpu-evidence`,
  },
  'gpu-report': {
    term: 'SPDM MEASUREMENTS',
    evidence: 'GPU evidence, statement',
    required: "a report signed by the device over this statement's nonce",
    reference: `${SPDM}, section 10.11; ${SPEC}#gpu-evidence`,
  },
  'gpu-firmware': {
    term: 'GPU driver, VBIOS and reference integrity manifests',
    evidence: 'GPU evidence',
    required: 'driver, VBIOS and measurements that the policy lists',
    reference: `${SPEC}#policy`,
  },
  'gpu-second-opinion': {
    term: 'Entity Attestation Token of NVIDIA NRAS',
    evidence: "answer of NVIDIA's service",
    required:
      "where the policy requires it NVIDIA's service vouches for each GPU; its no counts always",
    reference: `RFC 9711; ${SPEC}#gpu-evidence`,
  },
  'gpu-uniqueness': {
    term: 'GPU device identity',
    evidence: 'GPU evidence, own sightings',
    required: 'each GPU once, and in no other machine that this client saw lately',
    reference: `${SPEC}#gpu-evidence`,
  },
} as const satisfies StepRules

export type GpuStepName = keyof typeof GPU_STEPS
