/** An advisory registry: its address, its messages, its state. Contract: contracts/registry.tolk. */
import { type Address, beginCell, type Cell, Dictionary, type Slice } from '@ton/core'
import { toHex } from '#protocol/bytes.ts'
import { bytes32, readBytes32 } from '../cells/strict.ts'
import {
  addressOf,
  type ContractInit,
  callWith,
  operation,
  readAccount,
  type StoredContract,
} from '../contracts/account.ts'
import { REGISTRY_CODE } from '../contracts/code.ts'
import type { WalletMessage } from '../types.ts'
import { type Action, actionCell, ENTRY_KIND, type EntryKind, type PolicyRoot } from './actions.ts'
import { REGISTRY_ATTACHED_NANO, REGISTRY_ENTRIES_MAX } from './constants.ts'

export interface RegistryTerms {
  readonly globalId: number
  /** Signatures that an addition needs. */
  readonly threshold: number
  /** Signatures that a revocation needs: at most `threshold`. */
  readonly revokeThreshold: number
  /** Seconds from a proposal to its use, 1 to 90 days. */
  readonly timelock: number
  readonly salt: bigint
  /** Ed25519 keys, 32 bytes each, 1 to 16; a signature names its owner by the place in this list. */
  readonly owners: readonly Uint8Array[]
}

export interface RegistryEntry {
  /** Undefined: revoked before anybody added it. */
  readonly kind: EntryKind | undefined
  readonly status: 'active' | 'revoked'
  /** Unix seconds. */
  readonly since: number
  /** 32 bytes. */
  readonly meta: Uint8Array
}

export interface RegistryOnChain {
  readonly terms: RegistryTerms
  /** Decisions taken so far. */
  readonly sequence: number
  /** Changes of policy and entries so far. */
  readonly version: number
  readonly policy: PolicyRoot | undefined
  /** By key, hexadecimal. */
  readonly entries: ReadonlyMap<string, RegistryEntry>
  /** Unix seconds from which it can be applied, by the hash of the addition, hexadecimal. */
  readonly proposals: ReadonlyMap<string, number>
}

const REGISTRY_OPERATION = {
  decide: 0x44454344,
  apply: 0x41505056,
  payRent: 0x52454e54,
} as const

const OWNERS = [Dictionary.Keys.Uint(8), Dictionary.Values.Buffer(32)] as const
const SIGNATURES = [Dictionary.Keys.Uint(8), Dictionary.Values.Buffer(64)] as const

function writeTerms(terms: RegistryTerms): Cell {
  const owners = Dictionary.empty(...OWNERS)
  for (const [index, owner] of terms.owners.entries()) owners.set(index, bytes32(owner))
  return beginCell()
    .storeInt(terms.globalId, 32)
    .storeUint(terms.threshold, 8)
    .storeUint(terms.revokeThreshold, 8)
    .storeUint(terms.timelock, 32)
    .storeUint(terms.salt, 64)
    .storeDict(owners)
    .endCell()
}

function readTerms(slice: Slice): RegistryTerms {
  const globalId = slice.loadInt(32)
  const threshold = slice.loadUint(8)
  const revokeThreshold = slice.loadUint(8)
  const timelock = slice.loadUint(32)
  const salt = slice.loadUintBig(64)
  const owners = slice.loadDict(...OWNERS).values()
  slice.endParse()
  const keys = owners.map((owner) => new Uint8Array(owner))
  return { globalId, threshold, revokeThreshold, timelock, salt, owners: keys }
}

function registryInit(terms: RegistryTerms): ContractInit {
  const data = beginCell()
    .storeUint(0, 32)
    .storeUint(0, 32)
    .storeUint(0, 16)
    .storeUint(0, 8)
    .storeMaybeRef(null)
    .storeBit(false)
    .storeBit(false)
    .storeRef(writeTerms(terms))
    .endCell()
  return { code: REGISTRY_CODE, data }
}

export function registryAddress(terms: RegistryTerms): Address {
  return addressOf(registryInit(terms))
}

/** Carries out a decision that enough owners signed. By anyone; the first one deploys. */
export function decideMessage(
  terms: RegistryTerms,
  action: Action,
  signatures: ReadonlyMap<number, Uint8Array>,
): WalletMessage {
  const signed = Dictionary.empty(...SIGNATURES)
  for (const [owner, signature] of signatures) signed.set(owner, Buffer.from(signature))
  const body = operation(REGISTRY_OPERATION.decide).storeRef(actionCell(action)).storeDict(signed)
  return callWith(registryInit(terms), body, REGISTRY_ATTACHED_NANO, true)
}

/** Makes a proposal whose time has come true. By anyone. */
export function applyMessage(terms: RegistryTerms, proposal: Uint8Array): WalletMessage {
  const body = operation(REGISTRY_OPERATION.apply).storeBuffer(bytes32(proposal))
  return callWith(registryInit(terms), body, REGISTRY_ATTACHED_NANO)
}

/** Leaves `amountNano` for rent. By anyone. */
export function payRentMessage(terms: RegistryTerms, amountNano: bigint): WalletMessage {
  const body = operation(REGISTRY_OPERATION.payRent).storeCoins(amountNano)
  return callWith(registryInit(terms), body, amountNano + REGISTRY_ATTACHED_NANO)
}

/** Undefined unless code and terms give exactly this address. */
export function readRegistry(
  address: Address,
  account: StoredContract,
): RegistryOnChain | undefined {
  const kind = { code: REGISTRY_CODE, read: readData, address: registryAddress }
  return readAccount(kind, address, account)
}

function readData(data: Cell): RegistryOnChain {
  const slice = data.beginParse()
  const sequence = slice.loadUint(32)
  const version = slice.loadUint(32)
  slice.skip(24)
  const policy = slice.loadMaybeRef()
  const entries = slice.loadDict(Dictionary.Keys.Buffer(32), {
    parse: readEntry,
    serialize: () => undefined,
  })
  if (entries.size > REGISTRY_ENTRIES_MAX) throw new RangeError('more entries than it takes')
  const proposals = slice.loadDict(Dictionary.Keys.Buffer(32), {
    parse: readProposal,
    serialize: () => undefined,
  })
  const terms = readTerms(slice.loadRef().beginParse())
  slice.endParse()
  return {
    terms,
    sequence,
    version,
    policy: policy === null ? undefined : readPolicy(policy.beginParse()),
    entries: new Map([...entries].map(([key, entry]) => [toHex(key), entry])),
    proposals: new Map([...proposals].map(([key, readyAt]) => [toHex(key), readyAt])),
  }
}

function readProposal(slice: Slice): number {
  const readyAt = slice.loadUint(32)
  slice.loadRef()
  return readyAt
}

function readEntry(slice: Slice): RegistryEntry {
  const code = slice.loadUint(8)
  const status = slice.loadUint(8) === 1 ? 'active' : 'revoked'
  const since = slice.loadUint(32)
  const meta = readBytes32(slice)
  const kind = (Object.keys(ENTRY_KIND) as EntryKind[]).find((name) => ENTRY_KIND[name] === code)
  return { kind, status, since, meta }
}

function readPolicy(slice: Slice): PolicyRoot {
  const epoch = slice.loadUint(32)
  const policyHash = readBytes32(slice)
  const previousHash = readBytes32(slice)
  const activationTime = slice.loadUint(32)
  const logSize = slice.loadUintBig(64)
  const logRoot = readBytes32(slice)
  const floors = slice.loadRef().beginParse()
  return {
    epoch,
    policyHash,
    previousHash,
    activationTime,
    logSize,
    logRoot,
    floors: {
      tdxEvaluationNumber: floors.loadUint(32),
      snpTcbGenoa: floors.loadUintBig(64),
      snpTcbTurin: floors.loadUintBig(64),
    },
  }
}
