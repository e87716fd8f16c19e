/**
 * Files of the public corpus (docs/spec/attestation-corpus.md): a case with everything that it is judged by, and what
 * several cases share, named by its hash. Bounded, strict, and pure: another implementation reads the same files.
 */
import { z } from 'zod'
import { defaultPolicy } from '#attestation/policy/builtin.ts'
import { type AttestationPolicy, parsePolicy, policyDigest } from '#attestation/policy/policy.ts'
import { toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'

const REFERENCE = /^sha256:[0-9a-f]{64}$/
const reference = z.string().regex(REFERENCE)
const bytes = z
  .base64()
  .transform((text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)))
/** Bytes, or the hash of bytes that are shared. */
const shareable = z.union([reference, bytes])
const moment = z.iso.datetime().transform((text) => Date.parse(text))
const stepName = z.string().regex(/^[a-z0-9-]{1,64}$/)
const policyDocument = z.record(z.string(), z.unknown())

const caseSchema = z.strictObject({
  format: z.literal('cocoon-attestation-case/1'),
  id: stepName,
  comment: z.string().min(1),
  input: z.strictObject({
    /** A file as `cocoon attest verify` takes it, in binary. */
    evidence: shareable,
    /** Exact bytes of a TdxCollateral or SnpCollateral, for raw evidence. */
    collateral: shareable.optional(),
    /** DER, leaf first, for NVIDIA reports. */
    certificates: z.array(shareable).max(8).optional(),
  }),
  /** The verifier's own time. */
  clock: moment,
  globalId: z.number().int(),
  /** The manufacturers' roots are always there. */
  anchors: z
    .array(
      z.strictObject({
        id: z.string(),
        kind: z.enum(['tdx-dcap', 'amd-ark', 'nvidia-device-identity']),
        environment: z.enum(['production', 'simulated']),
        rootCertificate: shareable,
      }),
    )
    .max(8),
  policy: z.union([z.literal('production'), reference, policyDocument]),
  /** What a bundle is compared with. */
  compare: z.strictObject({
    identityKey: bytes.optional(),
    modelRoot: bytes.optional(),
    clientNonce: bytes.optional(),
    /** The block that the statement names, as the verifier's chain has it; null: it has none. */
    block: z
      .strictObject({ seqno: z.number().int(), rootHash: bytes, time: moment })
      .nullable()
      .optional(),
    /** GPUs that this verifier saw in other machines before. */
    gpusSeen: z
      .array(z.strictObject({ gpu: z.string(), machine: z.string(), time: moment }))
      .max(64)
      .optional(),
  }),
  allowUnbound: z.boolean(),
  expect: z.strictObject({
    ok: z.boolean(),
    tier: z.enum(['confidential', 'simulated']).optional(),
    /** Every step that fails, in order, and no other. */
    failed: z.array(stepName),
  }),
})

const sharedSchema = z.strictObject({
  format: z.literal('cocoon-attestation-shared/1'),
  bytes: z.array(bytes).max(256),
  policies: z.array(policyDocument).max(256),
})

type ParsedCase = z.output<typeof caseSchema>
type Anchor = ParsedCase['anchors'][number]

/** A case in which nothing is left to look up. */
export interface CorpusCase extends Omit<ParsedCase, 'input' | 'anchors' | 'policy'> {
  readonly input: {
    readonly evidence: Uint8Array
    readonly collateral: Uint8Array | undefined
    readonly certificates: readonly Uint8Array[] | undefined
  }
  readonly anchors: readonly (Omit<Anchor, 'rootCertificate'> & { rootCertificate: Uint8Array })[]
  readonly policy: AttestationPolicy
}

/** What cases name by hash, each under the hash that it really has. */
export interface SharedParts {
  readonly bytes: ReadonlyMap<string, Uint8Array>
  readonly policies: ReadonlyMap<string, AttestationPolicy>
}

export const NOTHING_SHARED: SharedParts = { bytes: new Map(), policies: new Map() }

function invalid(what: string): ConfigError {
  return new ConfigError('CORPUS_INVALID', what, {
    remedy: 'Get the corpus again; docs/spec/attestation-corpus.md lists every field.',
  })
}

function parse<T>(schema: z.ZodType<T>, document: unknown, what: string): T {
  const parsed = schema.safeParse(document)
  if (parsed.success) return parsed.data
  throw invalid(`${what} is invalid at "${parsed.error.issues[0]?.path.join('.') ?? ''}"`)
}

function lookUp<T>(parts: ReadonlyMap<string, T>, name: string): T {
  const found = parts.get(name)
  if (found === undefined) throw invalid(`a case of the corpus names ${name}, which is not shared`)
  return found
}

/** @throws ConfigError CORPUS_INVALID, POLICY_INVALID */
export function parseShared(document: unknown, crypto: CryptoPort): SharedParts {
  const shared = parse(sharedSchema, document, 'what the cases of the corpus share')
  const policies = shared.policies.map(parsePolicy)
  return {
    bytes: new Map(shared.bytes.map((part) => [`sha256:${toHex(crypto.sha256(part))}`, part])),
    policies: new Map(policies.map((one) => [`sha256:${toHex(policyDigest(crypto, one))}`, one])),
  }
}

/** @throws ConfigError CORPUS_INVALID naming the field, POLICY_INVALID */
export function parseCase(document: unknown, shared: SharedParts): CorpusCase {
  const one = parse(caseSchema, document, 'a case of the corpus')
  const { evidence, collateral, certificates } = one.input
  const open = (part: string | Uint8Array): Uint8Array =>
    typeof part === 'string' ? lookUp(shared.bytes, part) : part
  return {
    ...one,
    input: {
      evidence: open(evidence),
      collateral: collateral === undefined ? undefined : open(collateral),
      certificates: certificates?.map(open),
    },
    anchors: one.anchors.map((anchor) => ({
      ...anchor,
      rootCertificate: open(anchor.rootCertificate),
    })),
    policy: policyOf(one.policy, shared),
  }
}

function policyOf(policy: ParsedCase['policy'], shared: SharedParts): AttestationPolicy {
  if (policy === 'production') return defaultPolicy()
  return typeof policy === 'string' ? lookUp(shared.policies, policy) : parsePolicy(policy)
}
