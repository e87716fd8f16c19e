/** What a peer is composed from, and what a running one offers to whoever started it. */
import type { Logger } from 'pino'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import type { UnitPrices } from '#protocol/money.ts'
import type { ClientService } from './client-service.ts'
import type { EmitEvent } from './events.ts'

export interface PeerOptions {
  readonly name: string
  readonly network: NetworkFile
  /** Everything this peer must keep lies here; made with mode 0700 when missing. */
  readonly dataDir: string
  /** 32-byte Ed25519 seed of the libp2p identity. */
  readonly identitySeed: Uint8Array
  /** 32-byte Ed25519 seed of the wallet. */
  readonly walletSeed: Uint8Array
  readonly emit: EmitEvent
  readonly log: Logger
}

export interface ProviderOptions extends PeerOptions {
  /** 32-byte Ed25519 seed of the settlement key. */
  readonly settlementSeed: Uint8Array
  readonly modelFolder: string
  readonly modelId: string
  readonly prices: UnitPrices
  readonly slotsTotal: number
  /** Testnets: a wait added before each chunk, so that providers differ. 0 for none. */
  readonly addedLatencyMs: number
}

export interface ClientOptions extends PeerOptions {
  /** Deposit of a new channel. */
  readonly depositNano: bigint
  /** Cap for one request; undefined: the deposit is the only cap. */
  readonly priceCapNano?: bigint
}

export interface RunningPeer {
  readonly peerId: string
  readonly addresses: readonly string[]
  stop(): Promise<void>
}

export interface RunningClient extends RunningPeer {
  readonly service: ClientService
}
