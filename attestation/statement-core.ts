/** The core of a statement: what stays the same over all quotes of one epoch, field by field. */
import { decodeCanonical, encodeMessage } from '#protocol/codec.ts'
import { EVIDENCE_STATEMENT_BYTES_MAX } from '#protocol/constants.ts'
import { AttestationError } from '#protocol/errors.ts'
import type { SealSuite } from '#protocol/session/seal.ts'
import { StatementCoreSchema } from '#protocol/wire/gen/cocoon_pb.ts'

const STATEMENT_VERSION = 1

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

const ADDRESS = /^(0|-1):[0-9a-f]{64}$/
const ROLE = /^[a-z]{1,16}$/

/** @throws AttestationError STATEMENT_MALFORMED, always */
function malformed(field: string): never {
  throw new AttestationError('STATEMENT_MALFORMED', `the statement's ${field} is malformed`)
}

/** @throws AttestationError STATEMENT_MALFORMED */
export function expectBytes(value: Uint8Array, length: number, field: string): Uint8Array {
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

/**
 * @throws AttestationError STATEMENT_MALFORMED
 * @throws ProtocolError FRAME_MALFORMED
 */
export function decodeStatementCore(bytes: Uint8Array): StatementCore {
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
