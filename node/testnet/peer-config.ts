/**
 * What one peer process is started with: a file, mode 0600, in the run's folder, since it holds
 * seeds. Its path is the only argument of the process.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { policySchema } from '#attestation/policy/policy.ts'
import { KV_CACHES } from '#inference/onnx/cache/kv-cache.ts'
import { DEVICE_CHOICES } from '#inference/onnx/device/device.ts'
import { DIALECT_CHOICES } from '#inference/upstream/probe.ts'
import {
  PUBLICATION_BYTES_MAX,
  PUBLICATIONS_MAX,
  SHARE_BYTES_PER_S_MIN,
} from '#node/models/constants.ts'
import { licenceSchema } from '#node/models/record.ts'
import { REGISTRIES_MAX } from '#node/registry/constants.ts'
import { ConfigError } from '#protocol/errors.ts'
import { TEE_CHOICES } from '../evidence/choose.ts'
import { LOG_LEVELS } from '../log.ts'
import { OWN_PROCESS_PEERS_MAX, PROVIDERS_MAX } from './constants.ts'

const seed = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((hex): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex')))
const nano = z
  .string()
  .regex(/^\d{1,39}$/)
  .transform(BigInt)

const peer = {
  name: z.string().regex(/^[a-z0-9-]{1,32}$/),
  dataDir: z.string().min(1),
  identitySeed: seed,
  /** Absent when another program signs for the wallet. */
  walletSeed: seed.optional(),
}

const providerSchema = z.strictObject({
  role: z.literal('provider'),
  ...peer,
  settlementSeed: seed,
  modelId: z.string().min(1).max(128),
  modelFolder: z.string().min(1),
  prices: z.strictObject({
    promptNanoPerMtok: nano,
    cachedNanoPerMtok: nano,
    completionNanoPerMtok: nano,
  }),
  slotsTotal: z.int().min(1).max(1_024),
  /** Of the own engine, in whose ranges they are checked; its defaults when left out. */
  contextTokens: z.int().min(2).optional(),
  memoryLimitBytes: z.int().min(1).optional(),
  threads: z.int().min(1).optional(),
  device: z.enum(DEVICE_CHOICES).optional(),
  kvCache: z.enum(KV_CACHES).optional(),
  /** Port of 127.0.0.1 for /metrics; 0: any free one; absent: none. */
  metricsPort: z.int().min(0).max(65_535).optional(),
  addedLatencyMs: z.int().min(0).max(60_000),
  /** The server that runs the model; undefined: this peer's own engine. */
  upstream: z
    .strictObject({
      url: z.string().max(4_096),
      model: z.string().min(1).max(1_024).optional(),
      dialect: z.enum(DIALECT_CHOICES).optional(),
      apiKey: z.string().min(1).max(4_096).optional(),
    })
    .optional(),
  /** The server that this peer starts, by its description; undefined: none. */
  launch: z
    .strictObject({ file: z.string().min(1), folder: z.string().min(1).optional() })
    .optional(),
  /** What makes its quotes; `auto` when left out. */
  tee: z.enum(TEE_CHOICES).optional(),
  /** Simulated GPUs in it; none when left out. */
  gpus: z.int().min(0).max(8).optional(),
  /** Hands out the model's weights; only what clients need to count tokens when left out. */
  share: z
    .strictObject({
      licence: licenceSchema,
      bytesPerS: z.int().min(SHARE_BYTES_PER_S_MIN),
      bytesPerDay: z.int().min(0),
      publications: z.array(z.string().max(PUBLICATION_BYTES_MAX)).max(PUBLICATIONS_MAX),
    })
    .optional(),
  /** Multiaddrs; loopback and any free port when left out. */
  listen: z.array(z.string().max(256)).max(8).optional(),
})

const clientSchema = z.strictObject({
  role: z.literal('client'),
  ...peer,
  depositNano: nano,
  priceCapNano: nano.optional(),
  /** 0: any free port. */
  apiPort: z.int().min(0).max(65_535),
  /** Address of this machine; more than loopback needs an API key. */
  apiHost: z.ipv4().or(z.ipv6()).optional(),
  /** Exact origins of pages that may call from a browser. */
  corsOrigins: z.array(z.string().max(256)).max(32).optional(),
  spendCaps: z
    .strictObject({
      perRequestNano: nano.optional(),
      perDayNano: nano.optional(),
      perProviderDayNano: nano.optional(),
    })
    .optional(),
  depositLimits: z
    .strictObject({ perDayNano: nano.optional(), perProviderDayNano: nano.optional() })
    .optional(),
  /** Raw addresses of registries whose revocations count. */
  registries: z
    .array(z.string().regex(/^0:[0-9a-f]{64}$/))
    .max(REGISTRIES_MAX)
    .optional(),
  /** Tightens the network's policy. */
  ownPolicy: policySchema.optional(),
  /** NVIDIA's attestation service, where the policy asks it. */
  nrasUrl: z.string().max(4_096).optional(),
  /** When `apiPort` is taken: any free port instead of an error. */
  apiPortFallback: z.boolean(),
  /** Only dials: no socket but the API's listens. A testnet's own clients are no light peers. */
  light: z.boolean().optional(),
})

const peerConfigSchema = z.discriminatedUnion('role', [providerSchema, clientSchema])

const processConfigSchema = z.strictObject({
  format: z.literal('cocoon-peer-process/1'),
  networkFile: z.string().min(1),
  logLevel: z.enum(LOG_LEVELS),
  peers: z
    .array(peerConfigSchema)
    .min(1)
    .max(PROVIDERS_MAX + OWN_PROCESS_PEERS_MAX),
})

export type ProviderConfig = z.output<typeof providerSchema>
export type ClientConfig = z.output<typeof clientSchema>
export type PeerConfig = z.output<typeof peerConfigSchema>
export type ProcessConfig = z.output<typeof processConfigSchema>

/** @throws ConfigError PEER_CONFIG; its message never quotes the file, which holds seeds */
export function readProcessConfig(file: string): ProcessConfig {
  const parsed = processConfigSchema.safeParse(readJsonFile(file))
  if (parsed.success) return parsed.data
  const where = parsed.error.issues[0]!.path.join('.')
  throw new ConfigError('PEER_CONFIG', `${file} is not a peer configuration: ${where}`)
}

/** Seeds as hexadecimal, amounts as decimal text. */
export function processConfigText(config: ProcessConfig): string {
  return JSON.stringify(
    config,
    (_key, value: unknown) => {
      if (typeof value === 'bigint') return value.toString()
      return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
    },
    2,
  )
}

function readJsonFile(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw new ConfigError('PEER_CONFIG', `cannot read the peer configuration ${file}`)
  }
}
