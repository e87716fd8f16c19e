/**
 * Everything of a testnet that differs from run to run, derived from one seed by HKDF-SHA-256
 * (RFC 5869): the same seed gives the same identities, prices, latencies and wallets.
 */
import { hkdfSync, randomBytes } from 'node:crypto'
import { shortProvider } from '#node/text.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import type { UnitPrices } from '#protocol/money.ts'
import { ADDED_LATENCY_MS_MAX } from './constants.ts'

const SALT = 'cocoon/testnet/1'
const KEY_BYTES = 32

export interface PeerPlan {
  readonly name: string
  readonly identitySeed: Uint8Array
  readonly walletSeed: Uint8Array
}

export interface ProviderPlan extends PeerPlan {
  readonly settlementSeed: Uint8Array
  readonly prices: UnitPrices
  readonly addedLatencyMs: number
  readonly tee: 'simulated' | 'simulated-snp'
  /** Simulated GPUs of its machine. */
  readonly gpus: number
}

export const TESTNET_TEES = ['tdx', 'snp', 'mixed'] as const

/** What the simulated machines of a testnet are. */
export interface TestnetMachines {
  /** mixed: every second provider is SNP-shaped. */
  readonly tee: (typeof TESTNET_TEES)[number]
  readonly gpus: number
}

export const DEFAULT_MACHINES: TestnetMachines = { tee: 'mixed', gpus: 1 }

export interface TestnetPlan {
  readonly seed: string
  readonly manufacturerSeed: Uint8Array
  readonly providers: readonly ProviderPlan[]
  readonly clients: readonly PeerPlan[]
}

/** 12 hexadecimal digits: short enough to type again. */
export function randomSeed(): string {
  return randomBytes(6).toString('hex')
}

export function planTestnet(
  seed: string,
  providers: number,
  clients: number,
  machines: TestnetMachines = DEFAULT_MACHINES,
): TestnetPlan {
  const derive = (info: string) => new Uint8Array(hkdfSync('sha256', seed, SALT, info, KEY_BYTES))
  const peer = (name: string): PeerPlan => ({
    name,
    identitySeed: derive(`identity/${name}`),
    walletSeed: derive(`wallet/${name}`),
  })
  const order = shuffled(providers, derive('order'))
  return {
    seed,
    manufacturerSeed: derive('manufacturer'),
    clients: names('client', clients).map(peer),
    providers: names('provider', providers).map((name, index) => ({
      ...peer(name),
      settlementSeed: derive(`settlement/${name}`),
      prices: pricesAt(order[index]!, derive(`prices/${name}`)),
      // The cheapest is the slowest, so that a choice has something to weigh.
      addedLatencyMs: latencyAt(order[index]!, providers),
      tee: teeAt(index, machines.tee),
      gpus: machines.gpus,
    })),
  }
}

/** Shows a provider of this plan by its name, any other shortened. */
export function providerNames(plan: TestnetPlan): (provider: string) => string {
  const names = new Map(
    plan.providers.map(({ name, identitySeed }) => [
      toHex(nodeCrypto.ed25519FromSeed(identitySeed).publicKey),
      name,
    ]),
  )
  return (provider) => names.get(provider) ?? shortProvider(provider)
}

const names = (kind: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${kind}-${index + 1}`)

function teeAt(index: number, tee: TestnetMachines['tee']): ProviderPlan['tee'] {
  const isSnp = tee === 'snp' || (tee === 'mixed' && index % 2 === 1)
  return isSnp ? 'simulated-snp' : 'simulated'
}

const COMPLETION_BASE_NANO_PER_MTOK = 60_000_000n
const COMPLETION_STEP_NANO_PER_MTOK = 20_000_000n
/** A prompt token costs half of a completion token, a cached one a tenth of a prompt token. */
const PROMPT_DIVISOR = 2n
const CACHED_DIVISOR = 20n

/** Distinct by construction: the draw moves a price by less than the step between two ranks. */
function pricesAt(rank: number, draw: Uint8Array): UnitPrices {
  const drawn = BigInt(Buffer.from(draw).readUInt32BE())
  const milli = (drawn * (COMPLETION_STEP_NANO_PER_MTOK / 1_000_000n)) >> 32n
  const completion =
    COMPLETION_BASE_NANO_PER_MTOK +
    BigInt(rank) * COMPLETION_STEP_NANO_PER_MTOK +
    milli * 1_000_000n
  return {
    completionNanoPerMtok: completion,
    promptNanoPerMtok: completion / PROMPT_DIVISOR,
    cachedNanoPerMtok: completion / CACHED_DIVISOR,
  }
}

function latencyAt(rank: number, count: number): number {
  return Math.round((ADDED_LATENCY_MS_MAX * (count - 1 - rank)) / Math.max(1, count - 1) / 2) + 5
}

/** Fisher-Yates over 0..count-1, reading two bytes of the (repeated) draw a step. */
function shuffled(count: number, draw: Uint8Array): number[] {
  const order = Array.from({ length: count }, (_, index) => index)
  for (let index = count - 1; index > 0; index--) {
    const at = (2 * index) % draw.length
    const pick = ((draw[at]! << 8) | draw[at + 1]!) % (index + 1)
    ;[order[index], order[pick]] = [order[pick]!, order[index]!]
  }
  return order
}
