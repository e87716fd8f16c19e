/** All that the checks look at. Tests put a made-up machine in its place. */
import type { DeviceChoice } from '#inference/onnx/device/device.ts'
import type { SurveyLine } from '#node/evidence/survey.ts'
import type { Coins } from '#node/text.ts'
import type { GpuView } from './gpus.ts'
import type { LaunchView } from './launch.ts'
import type { UpstreamView } from './upstream.ts'

export type Role = 'provider' | 'client'

/** Undefined: there is none yet. */
export interface KeysFile {
  readonly file: string
  /** Permission bits. */
  readonly mode: number
  readonly isReadable: boolean
  /** Raw TON address of the wallet on a network: its id holds the global id. */
  readonly walletAddress: (globalId: number) => string
}

export type StoreState =
  | { readonly kind: 'missing' }
  | { readonly kind: 'sound' }
  /** A running peer has it open, which is as it should be. */
  | { readonly kind: 'in-use'; readonly pid: number | undefined }
  | { readonly kind: 'damaged'; readonly why: string }

export interface ChainState {
  /** Unix milliseconds of the latest block. */
  readonly blockAtMs: number
  readonly seqno: number
}

export interface NetworkView {
  readonly name: string
  readonly file: string
  readonly globalId: number
  readonly chainUrl: string
  readonly bootstrap: readonly string[]
}

export interface Surroundings {
  readonly nodeVersion: string
  readonly apiPort: number
  readonly dataRoot: string
  readonly depositNano: bigint
  /** Amounts as the network's owner calls them. */
  readonly coins: Coins
  dataDir(role: Role): string
  nowMs(): number
  /** How far the wall clock moved against the monotonic one since this process began. */
  clockStepMs(): number
  /** Who holds a TCP port of 127.0.0.1. */
  port(port: number): Promise<'free' | 'cocoon' | 'taken'>
  /** Whether this machine may listen for peers at all. */
  canListen(): Promise<boolean>
  /** TCP ports that the provider will ask for: those of `listen`, else that of the last time. */
  peerPorts(): readonly number[]
  /** Of the disk that holds the folder, or will hold it. */
  freeBytes(folder: string): Promise<number>
  /** Milliseconds of FSYNC_SAMPLES durable writes. */
  fsyncMs(folder: string): Promise<readonly number[]>
  /** The folder's permission bits; undefined: it does not exist. */
  folderMode(folder: string): number | undefined
  isWritable(folder: string): boolean
  store(role: Role): StoreState
  keys(role: Role): KeysFile | undefined
  /** @throws Error when the runtime cannot be loaded */
  onnxruntime(): Promise<{ readonly version: string; readonly providers: readonly string[] }>
  tee(): Promise<readonly SurveyLine[]>
  /** Where the settings want the engine. */
  readonly device?: DeviceChoice
  gpus?(): Promise<GpuView>
  /** The upstream server; undefined: none is configured. The promise rejects with what is wrong with it. */
  upstream?(): Promise<UpstreamView> | undefined
  /** The launch description; undefined: none is configured. The promise rejects with what is wrong with it. */
  launch?(): Promise<LaunchView> | undefined
  /** Undefined: no network is configured and no testnet runs. @throws CocoonError NETWORK_FILE */
  network(): NetworkView | undefined
  /** @throws CocoonError CHAIN_UNREACHABLE, CHAIN_WRONG_NETWORK */
  chain(network: NetworkView): Promise<ChainState>
  /** nanoTON. @throws CocoonError as `chain` */
  balanceNano(network: NetworkView, address: string): Promise<bigint>
  /** Whether somebody accepts a TCP connection at a multiaddr. */
  answers(address: string): Promise<boolean>
  /** What the running peer of this role says of itself; undefined: none runs. */
  connections(role: Role): Promise<{ readonly peers: number; readonly inbound: number } | undefined>
}
