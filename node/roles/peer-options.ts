/** What a peer is composed from, and what a running one offers to whoever started it. */
import type { DatabaseSync } from 'node:sqlite'
import type { Logger } from 'pino'
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import type { KvCache } from '#inference/onnx/cache/kv-cache.ts'
import type { DeviceChoice } from '#inference/onnx/device/device.ts'
import type { DialectChoice } from '#inference/upstream/probe.ts'
import type { AuditReport } from '#node/audit/report.ts'
import type { TeeChoice } from '#node/evidence/choose.ts'
import type { PeerMetrics } from '#node/metrics/peer-metrics.ts'
import type { ShareOptions } from '#node/models/start-serving.ts'
import type { SpendCaps } from '#node/spending/spending.ts'
import type { ClientStatus, ProviderStatus } from '#node/status/status-document.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import type { DepositLimits } from '#node/wallet/deposit-caps.ts'
import type { Money } from '#node/wallet/money.ts'
import type { ServedStory } from '#node/why/served-story.ts'
import type { UnitPrices } from '#protocol/money.ts'
import type { WalletSigner } from '#settlement/wallet/signer.ts'
import type { ClientService } from './client-service.ts'
import type { EmitEvent } from './events.ts'

export interface PeerOptions {
  readonly name: string
  readonly network: NetworkFile
  /** Everything this peer must keep lies here; made with mode 0700 when missing. */
  readonly dataDir: string
  /** 32-byte Ed25519 seed of the libp2p identity. */
  readonly identitySeed: Uint8Array
  /** 32-byte Ed25519 seed of the wallet, unless `signer` signs for it. */
  readonly walletSeed?: Uint8Array | undefined
  /** Signs for the wallet: a key file that was opened, or another program. */
  readonly signer?: WalletSigner | undefined
  readonly emit: EmitEvent
  readonly log: Logger
  /** Counts what this peer does; without it nothing is counted. */
  readonly metrics?: PeerMetrics
  /** Multiaddrs; loopback and any free port when left out. */
  readonly listen?: readonly string[] | undefined
  /** Ends a start that takes long, such as a launched server's; without effect once the peer runs. */
  readonly startSignal?: AbortSignal | undefined
}

export interface UpstreamOptions {
  /** http or https, with or without `/v1`. */
  readonly url: string
  /** Name of the model at the server; the model's id when left out. */
  readonly model?: string | undefined
  readonly dialect?: DialectChoice | undefined
  /** Secret. */
  readonly apiKey?: string | undefined
}

export interface LaunchPlace {
  /** The launch description. */
  readonly file: string
  /** A file system in memory, for the private copy of the model; LAUNCH_FOLDER_DEFAULT when left out. */
  readonly folder?: string | undefined
}

export interface ProviderOptions extends PeerOptions {
  /** 32-byte Ed25519 seed of the settlement key. */
  readonly settlementSeed: Uint8Array
  readonly modelFolder: string
  readonly modelId: string
  readonly prices: UnitPrices
  readonly slotsTotal: number
  /** Of the own engine, see OnnxEngineOptions; its defaults when left out. */
  readonly contextTokens?: number | undefined
  readonly memoryLimitBytes?: number | undefined
  readonly threads?: number | undefined
  readonly device?: DeviceChoice | undefined
  readonly kvCache?: KvCache | undefined
  /** Testnets: a wait added before each chunk, so that providers differ. 0 for none. */
  readonly addedLatencyMs: number
  /** A server that runs the model; undefined: this peer's own engine does. Always tier open. */
  readonly upstream?: UpstreamOptions | undefined
  /** A server that this peer starts and measures; never together with `upstream`. */
  readonly launch?: LaunchPlace | undefined
  /** What makes the quotes; `auto` when left out. */
  readonly tee?: TeeChoice | undefined
  /** SIMULATED GPUs of a simulated machine; none when left out. */
  readonly gpus?: number | undefined
  /** Hands out the model's weights to other peers; undefined: only what clients need to count tokens. */
  readonly share?: ShareOptions | undefined
  /** Base URL of a PCCS that is asked before Intel's own service. */
  readonly pccsUrl?: string
}

export interface ClientOptions extends PeerOptions {
  /** Only dials and only asks the DHT: no socket listens. Others carry its jobs. */
  readonly light?: boolean
  /** Deposit of a new channel. */
  readonly depositNano: bigint
  /** Cap for one request; undefined: the deposit is the only cap. */
  readonly priceCapNano?: bigint
  /** The client's own policy: it can only tighten the network's. */
  readonly ownPolicy?: AttestationPolicy | undefined
  /** Raw addresses of registries whose revocations count; none when left out. */
  readonly registries?: readonly string[] | undefined
  /** Base URL of NVIDIA's remote attestation service, for policies that ask it; NVIDIA's own when left out. */
  readonly nrasUrl?: string | undefined
  /** Spend caps; their ledger lies in the data folder. */
  readonly spendCaps?: SpendCaps | undefined
  /** The wallet's own caps; kept in the same ledger. */
  readonly depositLimits?: DepositLimits | undefined
}

/** What a role adds to the status that is the same for both. */
export interface RoleStatus {
  /** Connected peers. */
  readonly peers: number
  /** Connections that others opened. */
  readonly inbound: number
  readonly wallet: string
  readonly money: Money
  readonly provider: ProviderStatus | null
  readonly client: Omit<ClientStatus, 'apiUrl' | 'answersRunning'> | null
}

export interface RunningPeer {
  readonly peerId: string
  readonly addresses: readonly string[]
  status(): RoleStatus
  /** Explains every nanoTON of every channel. @throws UnavailableError CHAIN_UNREACHABLE */
  audit(): Promise<AuditReport>
  /** No new work; resolves when running work has ended, or at the limit. `stop` comes after it. */
  drain(limit: AbortSignal): Promise<void>
  stop(): Promise<void>
}

export interface RunningProvider extends RunningPeer {
  /** Of the requests it served, newest first. */
  servedStories(): readonly ServedStory[]
}

export interface RunningClient extends RunningPeer {
  readonly service: ClientService
  /** Keys, budgets, files and batches of the API; closed with the client. */
  readonly ledger: DatabaseSync
}
