/** What commander hands to the commands that run peers, after parsing. */
import type { KvCache } from '#inference/onnx/cache/kv-cache.ts'
import type { DeviceChoice } from '#inference/onnx/device/device.ts'
import type { DialectChoice } from '#inference/upstream/probe.ts'
import type { TeeChoice } from '#node/evidence/choose.ts'
import type { TestnetMachines } from '#node/testnet/derive.ts'

export interface PeerCommandOptions {
  readonly network?: string
  readonly data?: string
  readonly name?: string
  readonly json?: boolean
  readonly drainLimitS?: number
  readonly walletPassphraseFile?: string
}

export interface UpOptions extends PeerCommandOptions {
  readonly model?: string
  readonly upstreamUrl?: string
  readonly upstreamModel?: string
  readonly upstreamDialect?: DialectChoice
  readonly upstreamLaunch?: string
  readonly launchFolder?: string
  readonly modelFolder?: string
  readonly priceNano?: bigint
  readonly slots?: number
  readonly contextTokens?: number
  readonly memoryGib?: number
  readonly threads?: number
  readonly device?: DeviceChoice
  readonly kvCache?: KvCache
  readonly listen?: readonly string[]
  readonly tee?: TeeChoice
  readonly pccs?: string
  readonly shareModels?: string
  readonly shareRateKib?: number
  readonly shareDayMib?: number
  readonly metricsPort?: number
}

export interface ClientCommandOptions extends PeerCommandOptions {
  readonly policy?: string
  readonly nrasUrl?: string
  readonly apiPort?: number
  readonly apiHost?: string
  readonly corsOrigins?: readonly string[]
  readonly depositNano?: bigint
  readonly priceCapNano?: bigint
  readonly spendPerRequestNano?: bigint
  readonly spendPerDayNano?: bigint
  readonly spendPerProviderNano?: bigint
  readonly depositPerDayNano?: bigint
  readonly depositPerProviderNano?: bigint
}

export interface TestnetCommandOptions {
  readonly providers: number
  readonly clients: number
  readonly seed?: string
  readonly once?: boolean
  readonly json?: boolean
  readonly apiPort?: number
  readonly data?: string
  readonly restart?: boolean
  readonly question?: string
  readonly tee?: TestnetMachines['tee']
  readonly gpus?: number
}
