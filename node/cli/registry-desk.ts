/** What owners and readers of registries do on the command line. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { Address } from '@ton/core'
import { openChain } from '#node/chain/open-chain.ts'
import { systemClock } from '#node/clock.ts'
import {
  type ActionFile,
  actionFileText,
  actionOf,
  type ReadableAddition,
  type ReadableDecision,
  readActionFile,
  readAddition,
  registryTermsSchema,
  withSignature,
} from '#node/registry/action-file.ts'
import { ACTION_FILE_BYTES_MAX } from '#node/registry/constants.ts'
import { comparePolicy, revokedAmong, type UsedKey, usedByPolicy } from '#node/registry/in-use.ts'
import { registryOnChain } from '#node/registry/read.ts'
import { type NetworkFile, readNetworkFile } from '#node/testnet/network-file.ts'
import { networkTrust } from '#node/trust.ts'
import { writeDurably } from '#node/wallet/durable-file.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { ConfigError } from '#protocol/errors.ts'
import { additionCell, type Decision } from '#settlement/registry/actions.ts'
import {
  applyMessage,
  decideMessage,
  payRentMessage,
  type RegistryOnChain,
  type RegistryTerms,
  registryAddress,
} from '#settlement/registry/registry.ts'
import type { ChainReader, WalletMessage } from '#settlement/types.ts'
import { readBounded } from './bounded-file.ts'
import type { CliContext } from './context.ts'
import { readPolicyFile } from './policy-file.ts'
import { networkFile, type TargetOptions } from './target.ts'

export interface RegistryReading {
  readonly address: string
  readonly registry: RegistryOnChain
  /** The registry's policy beside the one in force here. */
  readonly policy: 'none' | 'same' | 'other'
  /** In use here and revoked there. */
  readonly revoked: UsedKey | undefined
}

/** @throws UnavailableError NO_TESTNET, CHAIN_UNREACHABLE, REGISTRY_UNREADABLE */
export async function readRegistryHere(
  address: string,
  options: TargetOptions,
  { settings }: CliContext,
): Promise<RegistryReading> {
  const network = readNetworkFile(networkFile(options, settings))
  const registry = await registryOnChain(chainOf(network), Address.parseRaw(address))
  const own = settings.policy === undefined ? undefined : readPolicyFile(settings.policy)
  const { policy } = networkTrust(network, crypto, systemClock.nowMs(), own)
  const models = network.models.map(({ id, root }) => ({ what: `the model ${id}`, key: root }))
  const used = [...usedByPolicy(crypto, policy), ...models]
  return {
    address,
    registry,
    policy: comparePolicy(crypto, registry, policy),
    revoked: revokedAmong(registry, used),
  }
}

function chainOf(network: NetworkFile): ChainReader {
  return openChain(network, systemClock).reader
}

const ACTION_VALID_S = 7 * 86_400

/**
 * Writes the file that owners sign: the next decision after those that the chain has taken.
 * @throws ConfigError REGISTRY_TERMS_INVALID, ACTION_INVALID, FILE_EXISTS
 */
export async function draftAction(
  termsFile: string,
  decision: ReadableDecision,
  out: string,
  options: TargetOptions,
  { settings }: CliContext,
): Promise<{ readonly registry: string; readonly sequence: number }> {
  const terms = readTerms(termsFile)
  if (existsSync(out)) throw new ConfigError('FILE_EXISTS', `${out} is there already`)
  const chain = chainOf(readNetworkFile(networkFile(options, settings)))
  const address = registryAddress(terms)
  // Not there yet: the first decision deploys it.
  const account = await chain.account(address)
  const taken = account === undefined ? 0 : (await registryOnChain(chain, address)).sequence
  const { time } = await chain.latestBlock()
  const sequence = taken + 1
  const file = { terms, sequence, validUntil: time + ACTION_VALID_S, decision, signatures: {} }
  writeDurably(out, actionFileText(file))
  return { registry: address.toRawString(), sequence }
}

/** @throws ConfigError REGISTRY_TERMS_INVALID */
function readTerms(file: string): RegistryTerms {
  try {
    const text = readBounded(file, ACTION_FILE_BYTES_MAX).toString('utf8')
    return registryTermsSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new ConfigError('REGISTRY_TERMS_INVALID', `${file} holds no terms of a registry`, {
      cause,
      remedy: 'docs/spec/cli.md shows the form.',
    })
  }
}

/** @throws ConfigError ACTION_INVALID */
export function proposalIn(file: string): ReadableDecision {
  const text = readBounded(file, ACTION_FILE_BYTES_MAX).toString('utf8')
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (cause) {
    throw new ConfigError('ACTION_INVALID', `${file} holds no addition to a registry`, {
      cause,
      remedy: 'docs/spec/cli.md shows the form.',
    })
  }
  return { kind: 'propose', addition: readAddition(crypto, document) }
}

/** Adds an owner's signature to the file. @throws ConfigError KEY_FILE_INVALID, NOT_AN_OWNER, ACTION_INVALID */
export function signActionFile(file: string, keyFile: string): ActionFile {
  const signed = withSignature(crypto, readAction(file), crypto.ed25519FromSeed(seedIn(keyFile)))
  writeDurably(file, actionFileText(signed))
  return signed
}

export function readAction(file: string): ActionFile {
  return readActionFile(crypto, readBounded(file, ACTION_FILE_BYTES_MAX).toString('utf8'))
}

/** 64 hexadecimal digits, readable by nobody else. */
function seedIn(file: string): Uint8Array {
  const mode = existsSync(file) ? statSync(file).mode & 0o077 : 0
  if (mode === 0 && existsSync(file) && statSync(file).size <= 66) {
    const text = readFileSync(file, 'utf8').trim()
    if (/^[0-9a-f]{64}$/.test(text)) return fromHex(text)
  }
  throw new ConfigError('KEY_FILE_INVALID', `${file} is no key that only its owner can read`, {
    remedy: 'A file of mode 0600 with the 64 hexadecimal digits of an Ed25519 seed.',
  })
}

/** @throws ConfigError ACTION_UNSIGNED */
export function submission(file: ActionFile): WalletMessage {
  const { terms, decision, signatures } = file
  const needed = decision.kind === 'propose' ? terms.threshold : terms.revokeThreshold
  const given = Object.entries(signatures)
  if (given.length < needed) {
    throw new ConfigError('ACTION_UNSIGNED', `${given.length} of ${needed} signatures are there`, {
      remedy: 'Let more owners sign the file: `cocoon registry sign FILE --key KEY`.',
    })
  }
  const byIndex = new Map(given.map(([index, signature]) => [Number(index), signature]))
  return decideMessage(terms, actionOf(file), byIndex)
}

/** The message that makes the proposal of a submitted action true. @throws ConfigError ACTION_INVALID */
export function application(file: ActionFile): WalletMessage {
  return applyMessage(file.terms, proposalHash(file))
}

function proposalHash({ decision }: ActionFile): Uint8Array {
  if (decision.kind === 'propose') return new Uint8Array(additionCell(decision.addition).hash())
  throw new ConfigError('ACTION_INVALID', 'this is no proposal: it takes effect at once')
}

/** Takes back a proposal that was submitted. @throws ConfigError ACTION_INVALID */
export function cancellation(file: ActionFile): Decision {
  return { kind: 'cancel', proposal: proposalHash(file) }
}

/** Coins that a registry keeps for its rent. By anyone. @throws ConfigError REGISTRY_TERMS_INVALID */
export function rentPayment(termsFile: string, amountNano: bigint): WalletMessage {
  return payRentMessage(readTerms(termsFile), amountNano)
}

/** For people, before they sign. */
export function decisionText({ sequence, decision }: ActionFile): string {
  switch (decision.kind) {
    case 'revoke':
      return `decision ${sequence}: revoke ${toHex(decision.key)}, at once and for good`
    case 'cancel':
      return `decision ${sequence}: cancel the proposal ${toHex(decision.proposal)}`
    case 'propose':
      return `decision ${sequence}: propose ${additionText(decision.addition)}`
  }
}

function additionText(addition: ReadableAddition): string {
  if (addition.kind === 'policy') {
    const { epoch, policyHash } = addition.policy
    return `the policy ${toHex(policyHash)} as epoch ${epoch}`
  }
  const { kind, key, name } = addition
  return `the ${kind} ${toHex(key)}${name === undefined ? '' : ` by the name ${name}`}`
}
