/**
 * What the owners of a registry pass among themselves: its terms, one action, and the signatures so far. Signing
 * needs the file and a key, no chain.
 */
import { z } from 'zod'
import { equal, fromHex, toHex } from '#protocol/bytes.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'
import { type Action, actionCell, type Decision, signAction } from '#settlement/registry/actions.ts'
import { type RegistryTerms, registryAddress } from '#settlement/registry/registry.ts'

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

export const additionSchema = z.discriminatedUnion('kind', [
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
  z.strictObject({ kind: z.literal('model'), key: hash, meta: hash }),
  z.strictObject({ kind: z.literal('measurement'), key: hash, meta: hash }),
])

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

export interface ActionFile {
  readonly terms: RegistryTerms
  readonly sequence: number
  /** Unix seconds. */
  readonly validUntil: number
  readonly decision: Decision
  /** By the owner's place in the terms, 64 bytes each. */
  readonly signatures: Readonly<Record<string, Uint8Array>>
}

/** @throws ConfigError ACTION_INVALID: also when a signature in it is not valid */
export function readActionFile(crypto: CryptoPort, text: string): ActionFile {
  let file: ActionFile
  try {
    const { format: _, ...rest } = actionFileSchema.parse(JSON.parse(text))
    file = rest
  } catch (cause) {
    throw invalid('it cannot be read', cause)
  }
  const message = new Uint8Array(actionCell(actionOf(file)).hash())
  for (const [index, signature] of Object.entries(file.signatures)) {
    const owner = file.terms.owners[Number(index)]
    if (owner === undefined || !crypto.ed25519Verify(owner, message, signature)) {
      throw invalid(`the signature of owner ${index} is not valid`)
    }
  }
  return file
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
