/** What the key holders of a registry decide and sign. Layout: docs/spec/settlement.md, "Registry". */
import { type Address, beginCell, type Cell } from '@ton/core'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { bytes32 } from '../cells/strict.ts'

/** Lower bounds that only rise from policy to policy, so that an older policy cannot come back. */
export interface PolicyFloors {
  readonly tdxEvaluationNumber: number
  readonly snpTcbGenoa: bigint
  readonly snpTcbTurin: bigint
}

export interface PolicyRoot {
  /** 1, 2, 3 ... */
  readonly epoch: number
  /** Digest of the policy document, 32 bytes. */
  readonly policyHash: Uint8Array
  /** Digest of the one before; zeros for the first. */
  readonly previousHash: Uint8Array
  /** Unix seconds; never before it was applied. */
  readonly activationTime: number
  readonly logSize: bigint
  /** Root of the transparency log, 32 bytes. */
  readonly logRoot: Uint8Array
  readonly floors: PolicyFloors
}

export const ENTRY_KIND = { model: 1, measurement: 2 } as const
export type EntryKind = keyof typeof ENTRY_KIND

export type Addition =
  | { readonly kind: 'policy'; readonly policy: PolicyRoot }
  | {
      readonly kind: EntryKind
      /** A model's manifest root, or the digest of a measurement: 32 bytes. */
      readonly key: Uint8Array
      /** Digest of the document behind it: 32 bytes. */
      readonly meta: Uint8Array
    }

export type Decision =
  | { readonly kind: 'propose'; readonly addition: Addition }
  | { readonly kind: 'revoke'; readonly key: Uint8Array }
  /** The hash of a proposal's addition cell. */
  | { readonly kind: 'cancel'; readonly proposal: Uint8Array }

export interface Action {
  readonly registry: Address
  /** One more than the decisions taken so far. */
  readonly sequence: number
  /** Unix seconds. */
  readonly validUntil: number
  readonly decision: Decision
}

/** "RGA1" */
const ACTION_TAG = 0x52474131

export function additionCell(addition: Addition): Cell {
  if (addition.kind === 'policy') {
    return beginCell().storeUint(0x01, 8).storeRef(policyCell(addition.policy)).endCell()
  }
  return beginCell()
    .storeUint(0x02, 8)
    .storeBuffer(bytes32(addition.key))
    .storeUint(ENTRY_KIND[addition.kind], 8)
    .storeBuffer(bytes32(addition.meta))
    .endCell()
}

function policyCell(policy: PolicyRoot): Cell {
  const { tdxEvaluationNumber, snpTcbGenoa, snpTcbTurin } = policy.floors
  const floors = beginCell()
    .storeUint(tdxEvaluationNumber, 32)
    .storeUint(snpTcbGenoa, 64)
    .storeUint(snpTcbTurin, 64)
    .endCell()
  return beginCell()
    .storeUint(policy.epoch, 32)
    .storeBuffer(bytes32(policy.policyHash))
    .storeBuffer(bytes32(policy.previousHash))
    .storeUint(policy.activationTime, 32)
    .storeUint(policy.logSize, 64)
    .storeBuffer(bytes32(policy.logRoot))
    .storeRef(floors)
    .endCell()
}

function decisionCell(decision: Decision): Cell {
  switch (decision.kind) {
    case 'propose':
      return beginCell().storeUint(0x11, 8).storeRef(additionCell(decision.addition)).endCell()
    case 'revoke':
      return beginCell().storeUint(0x12, 8).storeBuffer(bytes32(decision.key)).endCell()
    case 'cancel':
      return beginCell().storeUint(0x13, 8).storeBuffer(bytes32(decision.proposal)).endCell()
  }
}

export function actionCell(action: Action): Cell {
  return beginCell()
    .storeUint(ACTION_TAG, 32)
    .storeAddress(action.registry)
    .storeUint(action.sequence, 32)
    .storeUint(action.validUntil, 32)
    .storeRef(decisionCell(action.decision))
    .endCell()
}

/** One owner's signature over an action: 64 bytes over the cell's hash. */
export function signAction(crypto: CryptoPort, owner: Ed25519KeyPair, action: Action): Uint8Array {
  return crypto.ed25519Sign(owner, actionCell(action).hash())
}
