/**
 * What the owners of a registry pass among themselves: its terms, one action, and the signatures so far. Signing
 * needs the file and a key, no chain.
 */
import { z } from 'zod'
import { equal, fromHex, toHex } from '#protocol/bytes.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'
import { MODEL_NAME } from '#protocol/model/publication.ts'
import {
  type Action,
  type Addition,
  actionCell,
  type Decision,
  signAction,
} from '#settlement/registry/actions.ts'
import { type RegistryTerms, registryAddress } from '#settlement/registry/registry.ts'
import { modelNameMeta } from './model-names.ts'

const hex = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`))
    .transform(fromHex)
const u32 = z.number().int().min(0).max(0xffff_ffff)
const u64 = z
  .string()
  .regex(/^\d{1,20}$/)
  .transform(BigInt)
const hash = hex(32)

export const registryTermsSchema = z.strictObject({
  globalId: z.number().int(),
  threshold: z.number().int().min(1).max(16),
  revokeThreshold: z.number().int().min(1).max(16),
  /** Seconds, 1 to 90 days. */
  timelock: z
    .number()
    .int()
    .min(86_400)
    .max(90 * 86_400),
  salt: u64,
  owners: z.array(hash).min(1).max(16),
})

const additionSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('policy'),
    policy: z.strictObject({
      epoch: u32,
      policyHash: hash,
      previousHash: hash,
      activationTime: u32,
      logSize: u64,
      logRoot: hash,
      floors: z.strictObject({ tdxEvaluationNumber: u32, snpTcbGenoa: u64, snpTcbTurin: u64 }),
    }),
  }),
  z.strictObject({
    kind: z.literal('model'),
    key: hash,
    /** Left out beside a name, which it follows from. */
    meta: hash.optional(),
    /** What clients may call it; for people who sign, the chain holds `meta` alone. */
    name: z.string().regex(MODEL_NAME).optional(),
  }),
  z.strictObject({ kind: z.literal('measurement'), key: hash, meta: hash }),
])

/** An addition as owners read it. */
export type ReadableAddition = Addition & { readonly name?: string }

/**
 * An addition to a registry, whose name is the one that its `meta` stands for.
 * @throws ConfigError ACTION_INVALID
 */
export function readAddition(crypto: CryptoPort, document: unknown): ReadableAddition {
  const parsed = additionSchema.safeParse(document)
  if (!parsed.success) throw invalid('it holds no addition', parsed.error)
  return withMeta(crypto, parsed.data)
}

function withMeta(crypto: CryptoPort, addition: z.output<typeof additionSchema>): ReadableAddition {
  if (addition.kind !== 'model') return addition
  const { kind, key, name } = addition
  const named = name === undefined ? undefined : modelNameMeta(crypto, name, key)
  const meta = addition.meta ?? named
  if (meta === undefined) throw invalid('a model has neither a name nor a digest')
  if (name === undefined || named === undefined) return { kind, key, meta }
  if (!equal(meta, named)) throw invalid(`its digest is not that of the name ${name}`)
  return { kind, key, meta, name }
}

const actionFileSchema = z.strictObject({
  format: z.literal('cocoon-registry-action/1'),
  terms: registryTermsSchema,
  sequence: u32,
  /** Unix seconds. */
  validUntil: u32,
  decision: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('propose'), addition: additionSchema }),
    z.strictObject({ kind: z.literal('revoke'), key: hash }),
    z.strictObject({ kind: z.literal('cancel'), proposal: hash }),
  ]),
  /** By the owner's place in the terms. */
  signatures: z.record(z.string().regex(/^(?:[0-9]|1[0-5])$/), hex(64)),
})

export type ReadableDecision =
  | Exclude<Decision, { readonly kind: 'propose' }>
  | { readonly kind: 'propose'; readonly addition: ReadableAddition }

export interface ActionFile {
  readonly terms: RegistryTerms
  readonly sequence: number
  /** Unix seconds. */
  readonly validUntil: number
  readonly decision: ReadableDecision
  /** By the owner's place in the terms, 64 bytes each. */
  readonly signatures: Readonly<Record<string, Uint8Array>>
}

/** @throws ConfigError ACTION_INVALID: also when a signature in it is not valid */
export function readActionFile(crypto: CryptoPort, text: string): ActionFile {
  const file = parseActionFile(crypto, text)
  const message = new Uint8Array(actionCell(actionOf(file)).hash())
  for (const [index, signature] of Object.entries(file.signatures)) {
    const owner = file.terms.owners[Number(index)]
    if (owner === undefined || !crypto.ed25519Verify(owner, message, signature)) {
      throw invalid(`the signature of owner ${index} is not valid`)
    }
  }
  return file
}

function parseActionFile(crypto: CryptoPort, text: string): ActionFile {
  let parsed: z.output<typeof actionFileSchema>
  try {
    parsed = actionFileSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw invalid('it cannot be read', cause)
  }
  const { format: _, decision, ...rest } = parsed
  if (decision.kind !== 'propose') return { ...rest, decision }
  const addition = withMeta(crypto, decision.addition)
  return { ...rest, decision: { kind: 'propose', addition } }
}

function invalid(why: string, cause?: unknown): ConfigError {
  return new ConfigError('ACTION_INVALID', `this action of a registry cannot be used: ${why}`, {
    remedy: 'Make a new one with `cocoon registry propose` or `revoke`.',
    ...(cause === undefined ? {} : { cause }),
  })
}

export function actionFileText(file: ActionFile): string {
  const document = { format: 'cocoon-registry-action/1', ...file }
  return `${JSON.stringify(
    document,
    (_, value: unknown) => {
      if (value instanceof Uint8Array) return toHex(value)
      return typeof value === 'bigint' ? value.toString() : value
    },
    2,
  )}\n`
}

/** What is signed: the address follows from the terms. */
export function actionOf({ terms, sequence, validUntil, decision }: ActionFile): Action {
  return { registry: registryAddress(terms), sequence, validUntil, decision }
}

/** With one more signature. @throws ConfigError NOT_AN_OWNER */
export function withSignature(
  crypto: CryptoPort,
  file: ActionFile,
  owner: Ed25519KeyPair,
): ActionFile {
  const index = file.terms.owners.findIndex((one) => equal(one, owner.publicKey))
  if (index < 0) {
    throw new ConfigError('NOT_AN_OWNER', 'this key is none of the owners of the registry', {
      remedy: 'Sign with the key of an owner that the terms list.',
    })
  }
  const signature = signAction(crypto, owner, actionOf(file))
  return { ...file, signatures: { ...file.signatures, [index]: signature } }
}
