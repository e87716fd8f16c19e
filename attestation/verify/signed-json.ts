/**
 * Intel's signed JSON documents: TCB info version 3 and enclave identity version 2 (Intel PCS API v4).
 * The signature covers the exact bytes, and nothing is parsed before it verified.
 */
import { z } from 'zod'
import {
  ADVISORIES_MAX,
  PARSED_DOCUMENTS_MAX,
  SIGNED_JSON_BYTES_MAX,
  TCB_LEVELS_MAX,
} from '#attestation/constants.ts'
import type { Certificate } from '#attestation/der/certificate.ts'
import { parseIsoSeconds } from '#attestation/der/time.ts'
import { equal, fromUtf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { refuse } from './refuse.ts'

export const TCB_STATUSES = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
] as const
export type TcbStatus = (typeof TCB_STATUSES)[number]

const bytesAsHex = (length: number) =>
  z.string().regex(new RegExp(`^[0-9a-fA-F]{${2 * length}}$`), `${length} bytes in hexadecimal`)
const moment = z.string().transform((text, context) => {
  const unixMs = parseIsoSeconds(text)
  if (unixMs !== undefined) return unixMs
  context.addIssue('not a UTC time')
  return z.NEVER
})
const svn = z.number().int().min(0).max(65_535)
const components = z.array(z.object({ svn: z.number().int().min(0).max(255) })).length(16)
const advisoryIDs = z.array(z.string().max(64)).max(ADVISORIES_MAX).default([])

/** TDX modules and quoting enclaves are only ever one of three. */
const enclaveLevel = z.object({
  tcb: z.object({ isvsvn: svn }),
  tcbDate: moment,
  tcbStatus: z.enum(['UpToDate', 'OutOfDate', 'Revoked']),
  advisoryIDs,
})
const enclaveLevels = z.array(enclaveLevel).min(1).max(TCB_LEVELS_MAX)

const moduleFields = {
  mrsigner: bytesAsHex(48),
  attributes: bytesAsHex(8),
  attributesMask: bytesAsHex(8),
}

const issued = {
  issueDate: moment,
  nextUpdate: moment,
  tcbEvaluationDataNumber: z.number().int().min(1).max(1_000_000),
}

const tcbInfoSchema = z.object({
  id: z.literal('TDX'),
  version: z.literal(3),
  ...issued,
  fmspc: bytesAsHex(6),
  pceId: bytesAsHex(2),
  tcbType: z.literal(0),
  tdxModule: z.object(moduleFields),
  tdxModuleIdentities: z
    .array(
      z.object({
        id: z.string().regex(/^TDX_[0-9A-F]{2}$/),
        ...moduleFields,
        tcbLevels: enclaveLevels,
      }),
    )
    .max(TCB_LEVELS_MAX)
    .default([]),
  tcbLevels: z
    .array(
      z.object({
        tcb: z.object({
          sgxtcbcomponents: components,
          pcesvn: svn,
          tdxtcbcomponents: components,
        }),
        tcbDate: moment,
        tcbStatus: z.enum(TCB_STATUSES),
        advisoryIDs,
      }),
    )
    .min(1)
    .max(TCB_LEVELS_MAX),
})
export type TcbInfo = z.output<typeof tcbInfoSchema>
export type EnclaveLevel = z.output<typeof enclaveLevel>

const qeIdentitySchema = z.object({
  id: z.literal('TD_QE'),
  version: z.literal(2),
  ...issued,
  miscselect: bytesAsHex(4),
  miscselectMask: bytesAsHex(4),
  attributes: bytesAsHex(16),
  attributesMask: bytesAsHex(16),
  mrsigner: bytesAsHex(32),
  isvprodid: svn,
  tcbLevels: enclaveLevels,
})
export type QeIdentity = z.output<typeof qeIdentitySchema>

interface SignedJson {
  readonly json: Uint8Array
  /** r||s. */
  readonly signature: Uint8Array
  readonly signer: Certificate
}

function readSigned<T extends { issueDate: number; nextUpdate: number }>(
  crypto: CryptoPort,
  signed: SignedJson,
  schema: z.ZodType<T>,
  nowMs: number,
): T {
  const { json, signature, signer } = signed
  if (json.length > SIGNED_JSON_BYTES_MAX) refuse(`above ${SIGNED_JSON_BYTES_MAX} bytes`)
  if (!crypto.ecdsaVerify('P-256', signer.publicKey, json, signature)) {
    refuse(`not signed by ${signer.subject.commonName}`)
  }
  const document = readOnce(schema, json)
  if (nowMs < document.issueDate) refuse('the issue date is in the future')
  if (nowMs > document.nextUpdate) {
    refuse('expired: past its next update', { advice: 'retry' })
  }
  return document
}

/** Documents read lately, the oldest first, by their exact bytes: they are the same for every machine of a kind. */
const readLately: {
  readonly schema: unknown
  readonly json: Uint8Array
  readonly document: unknown
}[] = []

/** Signature and dates are judged each time; only what the bytes say is remembered. */
function readOnce<T>(schema: z.ZodType<T>, json: Uint8Array): T {
  const known = readLately.find((one) => one.schema === schema && equal(one.json, json))
  if (known !== undefined) return known.document as T // of this very schema
  const parsed = schema.safeParse(parseJson(json))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return refuse(`unexpected field ${issue?.path.join('.') ?? ''}`)
  }
  // Of a copy: a caller that writes into its buffer later must not change what is remembered.
  readLately.push({ schema, json: new Uint8Array(json), document: deepFrozen(parsed.data) })
  if (readLately.length > PARSED_DOCUMENTS_MAX) readLately.shift()
  return parsed.data
}

function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const member of Object.values(value)) deepFrozen(member)
  return Object.freeze(value)
}

function parseJson(json: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(json))
  } catch {
    return refuse('not JSON')
  }
}

/** @throws AttestationError CHECK_FAILED */
export function readTcbInfo(crypto: CryptoPort, signed: SignedJson, nowMs: number): TcbInfo {
  return readSigned(crypto, signed, tcbInfoSchema, nowMs)
}

/** @throws AttestationError CHECK_FAILED */
export function readQeIdentity(crypto: CryptoPort, signed: SignedJson, nowMs: number): QeIdentity {
  return readSigned(crypto, signed, qeIdentitySchema, nowMs)
}
