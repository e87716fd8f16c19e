/**
 * The attested statement S: what a provider says about its keys, model and network, and the hash of
 * its exact bytes that the quote carries (docs/spec/attestation.md).
 */
import { concat, toHex, utf8 } from '#protocol/bytes.ts'
import { decodeCanonical, encodeMessage } from '#protocol/codec.ts'
import { EVIDENCE_STATEMENT_BYTES_MAX } from '#protocol/constants.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { AttestationError } from '#protocol/errors.ts'
import type { SealSuite } from '#protocol/session/seal.ts'
import { StatementCoreSchema, StatementSchema } from '#protocol/wire/gen/cocoon_pb.ts'
import type { EvidenceBundle } from './types.ts'

export const STATEMENT_VERSION = 1

/** Bytes of a serialized HPKE public key (RFC 9180; X-Wing: ML-KEM-768 and X25519 side by side). */
const SEALING_KEY_BYTES: Record<SealSuite, number> = {
  'MLKEM768-X25519/HKDF-SHA256/AES-256-GCM': 1_216,
  'X25519/HKDF-SHA256/AES-256-GCM': 32,
}

export interface StatementCore {
  /** TON global id; mainnet is -239. */
  readonly globalId: number
  /** Raw TON address of the registry, or empty: none. */
  readonly registry: string
  readonly role: string
  /** Ed25519, 32 bytes. */
  readonly identityKey: Uint8Array
  /** Ed25519, 32 bytes. */
  readonly settlementKey: Uint8Array
  /** Raw TON address, workchain:hex. */
  readonly payoutAddress: string
  readonly hpkeSuite: SealSuite
  /** Sealing key, as long as its suite says. */
  readonly hpkeKey: Uint8Array
  /** Ed25519, 32 bytes. */
  readonly responseKey: Uint8Array
  /** 32 bytes: digest of the policy that the provider claims to meet. */
  readonly policyDigest: Uint8Array
  /** 32 bytes: root of the model manifest. */
  readonly modelRoot: Uint8Array
  /** 32 bytes. */
  readonly runtimeDigest: Uint8Array
  /** 16 random bytes of this boot. */
  readonly bootId: Uint8Array
  /** Counts up from 1 in one boot. */
  readonly epoch: bigint
  /** A block that existed when the keys were made; its root hash is 32 bytes. */
  readonly notBefore: { readonly seqno: number; readonly rootHash: Uint8Array }
  /** Unix milliseconds after which the keys are not used. */
  readonly notAfterMs: number
}

export interface Statement {
  readonly core: StatementCore
  /** SHA-256 of the GPU evidence, or 32 zeros: none. */
  readonly gpuEvidenceHash: Uint8Array
  /** 32 zeros in mode epoch, else the root over the waiting clients' nonces. */
  readonly challenge: Uint8Array
}

/** A statement as it was received: the bytes that were hashed, never a re-encoding. */
export interface DecodedStatement extends Statement {
  readonly coreBytes: Uint8Array
}

const ADDRESS = /^(0|-1):[0-9a-f]{64}$/
const ROLE = /^[a-z]{1,16}$/

function malformed(field: string): never {
  throw new AttestationError('STATEMENT_MALFORMED', `the statement's ${field} is malformed`)
}

function expectBytes(value: Uint8Array, length: number, field: string): Uint8Array {
  return value.length === length ? value : malformed(field)
}

function expectCount(value: number, min: number, max: number, field: string): number {
  return Number.isInteger(value) && value >= min && value <= max ? value : malformed(field)
}

/** @throws AttestationError STATEMENT_MALFORMED */
function checkCore(core: StatementCore): StatementCore {
  expectCount(core.globalId, -0x8000_0000, 0x7fff_ffff, 'global id')
  if (core.registry !== '' && !ADDRESS.test(core.registry)) malformed('registry')
  if (!ROLE.test(core.role)) malformed('role')
  if (!ADDRESS.test(core.payoutAddress)) malformed('payout address')
  const keyBytes = Object.hasOwn(SEALING_KEY_BYTES, core.hpkeSuite)
    ? SEALING_KEY_BYTES[core.hpkeSuite]
    : malformed('HPKE suite')
  expectBytes(core.hpkeKey, keyBytes, 'HPKE key')
  expectBytes(core.identityKey, 32, 'identity key')
  expectBytes(core.settlementKey, 32, 'settlement key')
  expectBytes(core.responseKey, 32, 'response key')
  expectBytes(core.policyDigest, 32, 'policy digest')
  expectBytes(core.modelRoot, 32, 'model root')
  expectBytes(core.runtimeDigest, 32, 'runtime digest')
  expectBytes(core.bootId, 16, 'boot id')
  expectBytes(core.notBefore.rootHash, 32, 'not-before block')
  expectCount(core.notBefore.seqno, 1, 0xffff_ffff, 'not-before block')
  if (core.epoch < 0n || core.epoch > 0xffff_ffff_ffff_ffffn) malformed('epoch')
  expectCount(core.notAfterMs, 1, Number.MAX_SAFE_INTEGER, 'not-after')
  return core
}

/** @throws AttestationError STATEMENT_MALFORMED */
export function encodeStatementCore(core: StatementCore): Uint8Array {
  const { notAfterMs, ...same } = checkCore(core)
  return encodeMessage(StatementCoreSchema, {
    ...same,
    version: STATEMENT_VERSION,
    notAfterMs: BigInt(notAfterMs),
  })
}

/** @throws AttestationError STATEMENT_MALFORMED */
export function encodeStatement(statement: Statement): Uint8Array {
  return encodeMessage(StatementSchema, {
    core: encodeStatementCore(statement.core),
    gpuEvidenceHash: expectBytes(statement.gpuEvidenceHash, 32, 'GPU evidence hash'),
    challenge: expectBytes(statement.challenge, 32, 'challenge'),
  })
}

function decodeCore(bytes: Uint8Array): StatementCore {
  const wire = decodeCanonical(StatementCoreSchema, bytes, EVIDENCE_STATEMENT_BYTES_MAX)
  if (wire.version !== STATEMENT_VERSION) malformed('version')
  const { notBefore, registry, hpkeSuite, epoch, notAfterMs } = wire
  if (notBefore === undefined) return malformed('not-before block')
  const { globalId, role, identityKey, settlementKey, payoutAddress, hpkeKey, responseKey } = wire
  const { policyDigest, modelRoot, runtimeDigest, bootId } = wire
  return checkCore({
    globalId,
    registry,
    role,
    identityKey,
    settlementKey,
    payoutAddress,
    hpkeSuite: hpkeSuite as SealSuite, // checkCore refuses every other name
    hpkeKey,
    responseKey,
    policyDigest,
    modelRoot,
    runtimeDigest,
    bootId,
    epoch,
    notBefore: { seqno: notBefore.seqno, rootHash: notBefore.rootHash },
    notAfterMs: Number(notAfterMs),
  })
}

/**
 * Strict: canonical encoding on both levels, every field of its exact length.
 * @throws AttestationError STATEMENT_MALFORMED
 * @throws ProtocolError FRAME_MALFORMED
 */
export function decodeStatement(bytes: Uint8Array): DecodedStatement {
  const wire = decodeCanonical(StatementSchema, bytes, EVIDENCE_STATEMENT_BYTES_MAX)
  return {
    core: decodeCore(wire.core),
    coreBytes: wire.core,
    gpuEvidenceHash: expectBytes(wire.gpuEvidenceHash, 32, 'GPU evidence hash'),
    challenge: expectBytes(wire.challenge, 32, 'challenge'),
  }
}

const MODE_BYTE = { epoch: 1, challenge: 2 } as const

/**
 * The 64 bytes that the quote carries:
 * `SHA-512("cocoon/attest/1" 00 mode 00 S)`, mode 01 for epoch and 02 for challenge.
 */
export function reportData(
  crypto: CryptoPort,
  mode: EvidenceBundle['mode'],
  statement: Uint8Array,
): Uint8Array {
  const middle = Uint8Array.of(0, MODE_BYTE[mode], 0)
  return crypto.sha512(concat(utf8('cocoon/attest/1'), middle, statement))
}

/** SHA-256 of the exact bytes: how offers, receipts and transcripts name a statement. */
export function statementDigest(crypto: CryptoPort, statement: Uint8Array): Uint8Array {
  return crypto.sha256(statement)
}

export function isZero(bytes: Uint8Array): boolean {
  return /^0*$/.test(toHex(bytes))
}
