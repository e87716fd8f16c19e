/**
 * A second opinion on GPU evidence: the signed answer of NVIDIA's Remote Attestation Service (an Entity Attestation
 * Token, RFC 9711, ES384). Optional and outside the verifier: it comes from a service, rests on a library (jose), and can
 * only add a refusal. Fetches nothing; whoever calls it brings the answer and the service's key set.
 */
import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose'
import { z } from 'zod'
import { toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { AttestationError } from '#protocol/errors.ts'
import { NRAS_ANSWER_BYTES_MAX, NRAS_CLOCK_SKEW_S, NRAS_DEVICES_MAX } from './constants.ts'

export const NRAS_ISSUER = 'https://nras.attestation.nvidia.com'

/** Trustworthiness of one device, as its own token states it. */
export interface NrasOpinion {
  /** `GPU-0`. */
  readonly device: string
  readonly hardwareModel: string
  readonly driver: string
  readonly vbios: string
}

export interface NrasContext {
  readonly crypto: CryptoPort
  readonly nowMs: number
  /** The service's published keys, as the caller fetched and pinned them. */
  readonly keys: JSONWebKeySet
  /** What the service was asked with, 32 bytes. */
  readonly nonce: Uint8Array
}

const token = z.string().max(NRAS_ANSWER_BYTES_MAX)

/** `[["JWT", overall], { "GPU-0": token }]`. */
const answerSchema = z.tuple([
  z.tuple([z.literal('JWT'), token]),
  z.record(z.string().regex(/^[A-Z]{3,8}-\d{1,2}$/), token),
])

const overallSchema = z.looseObject({
  eat_nonce: z.string(),
  'x-nvidia-overall-att-result': z.literal(true),
  submods: z.record(
    z.string(),
    z.tuple([z.literal('DIGEST'), z.tuple([z.literal('SHA-256'), z.string()])]),
  ),
})

const deviceSchema = z.looseObject({
  eat_nonce: z.string(),
  measres: z.literal('success'),
  secboot: z.literal(true),
  dbgstat: z.literal('disabled'),
  hwmodel: z.string().max(128),
  'x-nvidia-gpu-driver-version': z.string().max(64),
  'x-nvidia-gpu-vbios-version': z.string().max(64),
})

/** @throws AttestationError NRAS_REFUSED, always */
function refused(detail: string, cause?: unknown): never {
  throw new AttestationError('NRAS_REFUSED', `the second opinion does not count: ${detail}`, {
    cause,
  })
}

async function claimsOf(text: string, context: NrasContext): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(text, createLocalJWKSet(context.keys), {
      algorithms: ['ES384'],
      issuer: NRAS_ISSUER,
      currentDate: new Date(context.nowMs),
      clockTolerance: NRAS_CLOCK_SKEW_S,
      requiredClaims: ['exp', 'iat', 'iss'],
    })
    return payload
  } catch (thrown) {
    return refused('its token is not signed by the service, or not valid now', thrown)
  }
}

function read<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  return refused(`${what} says otherwise at "${parsed.error.issues[0]?.path.join('.') ?? ''}"`)
}

/**
 * Every device token must be the one whose hash the overall token names, and all must be over this nonce.
 * @throws AttestationError NRAS_REFUSED
 */
export async function verifyNrasAnswer(
  answer: unknown,
  context: NrasContext,
): Promise<readonly NrasOpinion[]> {
  const [[, overallText], tokens] = read(answerSchema, answer, 'the answer')
  const nonce = toHex(context.nonce)
  const overall = read(overallSchema, await claimsOf(overallText, context), 'the overall token')
  if (overall.eat_nonce !== nonce) refused('it is over another nonce')
  const devices = Object.entries(tokens)
  if (devices.length === 0 || devices.length > NRAS_DEVICES_MAX)
    refused('another number of devices')
  if (devices.length !== Object.keys(overall.submods).length) refused('devices are missing')
  const opinions: NrasOpinion[] = []
  for (const [device, text] of devices) {
    const digest = toHex(context.crypto.sha256(new TextEncoder().encode(text)))
    if (overall.submods[device]?.[1][1] !== digest) refused(`the token of ${device} is another one`)
    const claims = read(deviceSchema, await claimsOf(text, context), `the token of ${device}`)
    if (claims.eat_nonce !== nonce) refused(`the token of ${device} is over another nonce`)
    opinions.push({
      device,
      hardwareModel: claims.hwmodel,
      driver: claims['x-nvidia-gpu-driver-version'],
      vbios: claims['x-nvidia-gpu-vbios-version'],
    })
  }
  return opinions
}
