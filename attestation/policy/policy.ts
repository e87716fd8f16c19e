/**
 * The policy document: which evidence a client accepts. It comes from the client alone, is never
 * negotiated, and every field is required, so that nothing is accepted by leaving it out.
 */
import { z } from 'zod'
import { POLICY_ENTRIES_MAX } from '#attestation/constants.ts'
import { TCB_STATUSES } from '#attestation/verify/signed-json.ts'
import { tagged, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'
import { SEAL_SUITES } from '#protocol/session/seal.ts'
import { canonicalJson } from './canonical-json.ts'

const hex = (lengthBytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * lengthBytes}}$`))
const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
const list = <T extends z.ZodType>(entry: T) => z.array(entry).max(POLICY_ENTRIES_MAX)

/** One release: what its guest measures to, and the runtime digest its statement must carry. */
const measurementSchema = z.strictObject({
  label: name,
  runtimeDigest: hex(32),
  mrTd: hex(48),
  rtMr0: hex(48),
  rtMr1: hex(48),
  rtMr2: hex(48),
  rtMr3: hex(48),
  /** Inputs that the host controls: zeros unless a release uses them. */
  mrConfigId: hex(48),
  mrOwner: hex(48),
  mrOwnerConfig: hex(48),
})
export type Measurement = z.infer<typeof measurementSchema>

const policySchema = z.strictObject({
  version: z.literal(1),
  name,
  /** Evidence below this tier is refused. */
  tierMin: z.enum(['simulated', 'confidential']),
  tees: list(z.enum(['tdx', 'simulated-tdx'])),
  /** Ids of the trust anchors that may be used, out of those this verifier is configured with. */
  anchors: list(z.string().max(128)),
  tcb: z.strictObject({
    statuses: list(z.enum(TCB_STATUSES).exclude(['Revoked'])),
    /** Advisories tolerated where the status is not UpToDate. */
    advisories: list(z.string().max(64)),
    /** tcbEvaluationDataNumber of TCB info and QE identity: older collateral is refused. */
    evaluationNumberMin: z.number().int().min(1).max(1_000_000),
  }),
  tdx: z.strictObject({
    /** TDX modules by MRSEAM; empty: every module that TCB info describes. */
    mrSeam: list(hex(48)),
    /** XFAM bits that a guest may have, 8 bytes as in the quote. */
    xfamAllowed: hex(8),
    /** Empty: nothing is accepted. */
    measurements: list(measurementSchema),
  }),
  /** `none` and `optional` only check the hash in the statement; `required` refuses what is missing. */
  gpu: z.enum(['none', 'optional', 'required']),
  /** HPKE suites a sealing key may use, by their name in the statement. */
  sealingSuites: list(z.enum(SEAL_SUITES)),
  /** Whether the provider must claim this very document. */
  claimedPolicy: z.enum(['any', 'same']),
})

export type AttestationPolicy = z.infer<typeof policySchema>

/**
 * @throws ConfigError POLICY_INVALID
 */
export function parsePolicy(document: unknown): AttestationPolicy {
  const parsed = policySchema.safeParse(document)
  if (parsed.success) return parsed.data
  const field = parsed.error.issues[0]?.path.join('.') ?? ''
  throw new ConfigError('POLICY_INVALID', `the attestation policy is invalid at "${field}"`, {
    remedy: 'Correct the policy document; docs/spec/attestation.md lists every field.',
  })
}

/**
 * SHA-256 of tagged("cocoon/policy/1", canonical JSON): what a statement claims to meet.
 * @throws ConfigError POLICY_INVALID
 */
export function policyDigest(crypto: CryptoPort, policy: AttestationPolicy): Uint8Array {
  return crypto.sha256(tagged('cocoon/policy/1', utf8(canonicalJson(parsePolicy(policy)))))
}
