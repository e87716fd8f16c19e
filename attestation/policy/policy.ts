/**
 * The policy document: which evidence a client accepts. It comes from the client alone, is never
 * negotiated, and every field is required, so that nothing is accepted by leaving it out.
 */
import { z } from 'zod'
import { tagged, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'
import { SEAL_SUITES } from '#protocol/session/seal.ts'
import { canonicalJson } from './canonical-json.ts'
import { hex, list, name } from './fields.ts'
import { gpuSection } from './gpu-section.ts'
import { hardwareSection } from './hardware-section.ts'
import { snpSection } from './snp-section.ts'
import { tcbSection, tdxSection } from './tdx-section.ts'

export type { Measurement, SnpMeasurement } from './release.ts'

export const TEES = ['tdx', 'sev-snp', 'simulated-tdx', 'simulated-snp'] as const
export type Tee = (typeof TEES)[number]

/** When a client asks for a quote over its own nonce instead of taking the epoch's. */
const freshnessSection = z.strictObject({
  /** Before the first request to a provider that this client never met. */
  challengeFirstContact: z.boolean(),
  /** In every session that asks for hardware whose location is verified. */
  challengeLocationVerified: z.boolean(),
  /** Of a thousand other sessions, chosen at random. */
  spotChecksPerThousand: z.number().int().min(0).max(1_000),
})

export const policySchema = z.strictObject({
  version: z.literal(2),
  name,
  /** Evidence below this tier is refused. */
  tierMin: z.enum(['simulated', 'confidential']),
  tees: list(z.enum(TEES)),
  /** Ids of the trust anchors that may be used, out of those this verifier is configured with. */
  anchors: list(z.string().min(1).max(128)),
  tcb: tcbSection,
  tdx: tdxSection,
  snp: snpSection,
  gpu: gpuSection,
  hardware: hardwareSection,
  /** HPKE suites a sealing key may use, by their name in the statement. */
  sealingSuites: list(z.enum(SEAL_SUITES)),
  freshness: freshnessSection,
  /** What the provider must claim: nothing, this very document, or one of these by digest. */
  claimedPolicy: z.union([z.enum(['any', 'same']), list(hex(32))]),
})

export type AttestationPolicy = z.infer<typeof policySchema>

/** So that a digest, once computed, cannot become the digest of something else. */
function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const member of Object.values(value)) deepFrozen(member)
  return Object.freeze(value)
}

/** Of frozen policies: it is asked for in every verdict, and costs a fifth of one. */
const digests = new WeakMap<AttestationPolicy, Uint8Array>()

/**
 * The policy of a document, frozen.
 * @throws ConfigError POLICY_INVALID
 */
export function parsePolicy(document: unknown): AttestationPolicy {
  const parsed = policySchema.safeParse(document)
  if (parsed.success) return deepFrozen(parsed.data)
  const field = parsed.error.issues[0]?.path.join('.') ?? ''
  throw new ConfigError('POLICY_INVALID', `the attestation policy is invalid at "${field}"`, {
    remedy: 'Correct the policy document; docs/spec/attestation.md lists every field.',
  })
}

/**
 * SHA-256 of tagged("cocoon/policy/2", canonical JSON): what a statement claims to meet.
 * @throws ConfigError POLICY_INVALID
 */
export function policyDigest(crypto: CryptoPort, policy: AttestationPolicy): Uint8Array {
  const known = digests.get(policy)
  if (known !== undefined) return known
  const text = canonicalJson(parsePolicy(policy))
  const digest = crypto.sha256(tagged('cocoon/policy/2', utf8(text)))
  if (Object.isFrozen(policy)) digests.set(policy, digest)
  return digest
}
