/**
 * Every setting of the program, once: its flag, its variable, its key in config.json, its default and
 * what it means. Reading, help, `cocoon config` and completion derive from this table.
 */
import { z } from 'zod'
import { KV_CACHES, type KvCache } from '#inference/onnx/cache/kv-cache.ts'
import { DEVICE_CHOICES, type DeviceChoice } from '#inference/onnx/device/device.ts'
import { upstreamBase } from '#inference/upstream/http.ts'
import { DIALECT_CHOICES, type DialectChoice } from '#inference/upstream/probe.ts'
import { nanoOfCoins } from '#node/text.ts'
import { LAUNCH_FOLDER_DEFAULT } from '../launch/private-folder.ts'
import { LOG_LEVELS, type LogLevel } from '../log.ts'

export interface Settings {
  /** Folder that holds config.json and a folder for each role. */
  readonly dataRoot: string
  /** Network file; undefined: that of the running testnet. */
  readonly network: string | undefined
  /** File with the reader's own attestation policy. */
  readonly policy: string | undefined
  /** Addresses of registries whose revocations and names of models count. */
  readonly registries: readonly string[]
  /** Base URL of NVIDIA's remote attestation service; undefined: NVIDIA's own. */
  readonly nrasUrl: string | undefined
  readonly logLevel: LogLevel
  /** What amounts are shown in; the chain's coin by default. */
  readonly coinSymbol: string
  readonly apiPort: number
  /** Base URL of a running client, when it was named. */
  readonly apiUrl: string | undefined
  /** Model that `up` serves; undefined: the first of the network. */
  readonly model: string | undefined
  /** Address of a server that runs the model; undefined: this program does. */
  readonly upstreamUrl: string | undefined
  /** Name of the model at that server. */
  readonly upstreamModel: string | undefined
  readonly upstreamDialect: DialectChoice
  /** File that describes a server which this program starts and measures; undefined: none. */
  readonly upstreamLaunch: string | undefined
  /** A file system in memory, for the model of that server. */
  readonly launchFolder: string
  /** Sent to that server; secret. */
  readonly upstreamKey: string | undefined
  /** nanoTON for a million completion tokens. */
  readonly priceNano: bigint
  /** Answers at once. */
  readonly slots: number
  /** Tokens of one request at most, its answer included; undefined: what the model and the memory allow. */
  readonly contextTokens: number | undefined
  /** GiB that the engine may use; undefined: half of the machine's. */
  readonly memoryGib: number | undefined
  /** Of one model call; undefined: the machine's physical cores. */
  readonly threads: number | undefined
  /** Where the engine runs the model. */
  readonly device: DeviceChoice
  /** How the engine keeps keys and values. */
  readonly kvCache: KvCache
  /** Multiaddrs that a provider listens on; none: the usual one of its network. */
  readonly listen: readonly string[]
  /** nanoTON in a new channel. */
  readonly depositNano: bigint
  /** nanoTON for one request; undefined: the deposit is the only cap. */
  readonly priceCapNano: bigint | undefined
  /** Spend caps in nanoTON, which no request can raise; undefined: none. */
  readonly spendPerRequestNano: bigint | undefined
  readonly spendPerDayNano: bigint | undefined
  /** For one provider on one day. */
  readonly spendPerProviderNano: bigint | undefined
  /** The wallet's own caps on what goes into channels, in nanoTON; undefined: none. */
  readonly depositPerDayNano: bigint | undefined
  readonly depositPerProviderNano: bigint | undefined
  /** Opens the wallet; secret. */
  readonly walletPassphrase: string | undefined
  /** File whose first line opens the wallet. */
  readonly walletPassphraseFile: string | undefined
  /** Address that the API listens on. */
  readonly apiHost: string
  /** Exact origins of pages that may call the API from a browser. */
  readonly corsOrigins: readonly string[]
  /** Shown to a client that asks for keys; secret. */
  readonly apiKey: string | undefined
  /** Base URL of a Hugging-Face-compatible host. */
  readonly hubEndpoint: string
  /** Shown to that host alone; secret. */
  readonly hubToken: string | undefined
  /** Licence of the served model that its owner states permits redistribution; undefined: weights stay here. */
  readonly shareModels: string | undefined
  /** KiB a second that sharing may send. */
  readonly shareRateKib: number
  /** MiB a day that sharing may send. */
  readonly shareDayMib: number
  /** Seconds that running answers get to finish when a peer drains. */
  readonly drainLimitS: number
}

export type SettingName = keyof Settings

export interface Setting<Name extends SettingName = SettingName> {
  readonly description: string
  /** In commander's form, for example `--slots <n>`. */
  readonly flag?: string
  readonly variable?: string
  /** In config.json. */
  readonly fileKey?: string
  /** Never printed, not even by `config show`. */
  readonly isSecret?: boolean
  /** Takes the text of a flag or a variable, and the value of a file. */
  readonly schema: z.ZodType<Settings[Name], unknown>
  readonly default: Settings[Name]
  /** How the default is described when its value does not say it. */
  readonly defaultText?: string
}

/** An amount of coins as text ("0.05"), read exactly. A number in JSON would be a rounded one. */
const coins = z.string().transform((text, context) => {
  const nano = nanoOfCoins(text)
  if (nano !== undefined) return nano
  context.addIssue('must be an amount such as "0.05"')
  return z.NEVER
})

/** Kept as it was written; a wrong one is said here, before anything starts. */
function upstreamAddress(url: string, context: z.core.$RefinementCtx<string>): string {
  try {
    upstreamBase(url)
  } catch {
    context.addIssue('must be an http address without a key, query or fragment')
  }
  return url
}

/** Digits only, as `Number` would also take an empty text or 1e3. */
const wholeNumber = (min: number, max: number) => {
  const error = `must be a whole number from ${min} to ${max}`
  return z
    .union([z.int(), z.string().regex(/^\d{1,9}$/, { error })], { error })
    .transform(Number)
    .pipe(z.int().min(min, { error }).max(max, { error }))
}

const HUB_ENDPOINT = 'https://huggingface.co'

const oneOf = <const Word extends string>(words: readonly Word[]) =>
  z.enum(words, { error: `must be one of ${words.join(', ')}` })

const webAddress = z.url({
  protocol: /^https?$/,
  error: 'must be an http address such as https://example.org',
})

const textOf = (charsMax: number) =>
  z
    .string()
    .min(1, { error: 'must not be empty' })
    .max(charsMax, { error: `must have ${charsMax} characters at most` })
const text = textOf(4_096)
const textList = z
  .array(text)
  .or(text.transform((list) => list.split(',').map((one) => one.trim())))

export const SETTINGS: { readonly [Name in SettingName]: Setting<Name> } = {
  dataRoot: {
    description: 'parent of the data folders `testnet`, `provider`, `client`; holds config.json',
    variable: 'COCOON_DATA',
    schema: text,
    default: '',
    defaultText: '$XDG_DATA_HOME/cocoon, else ~/.local/share/cocoon',
  },
  network: {
    description: 'network file',
    flag: '--network <file>',
    variable: 'COCOON_NETWORK',
    fileKey: 'network',
    schema: text,
    default: undefined,
    defaultText: 'of the running testnet',
  },
  policy: {
    description: "file with your own attestation policy: it can only tighten the network's",
    flag: '--policy <file>',
    variable: 'COCOON_POLICY',
    fileKey: 'policy',
    schema: text,
    default: undefined,
    defaultText: "the network's alone",
  },
  registries: {
    description:
      'addresses of registries whose revocations and model names count, separated by commas',
    variable: 'COCOON_REGISTRIES',
    fileKey: 'registries',
    schema: textList,
    default: [],
    defaultText: 'none',
  },
  nrasUrl: {
    description:
      "base URL of NVIDIA's attestation service, asked where the policy's gpu.nras says so",
    flag: '--nras <url>',
    variable: 'COCOON_NRAS',
    fileKey: 'nras',
    schema: webAddress.transform((url) => url.replace(/\/$/, '')),
    default: undefined,
    defaultText: "NVIDIA's own",
  },
  logLevel: {
    description: LOG_LEVELS.join(', '),
    variable: 'COCOON_LOG',
    fileKey: 'logLevel',
    schema: oneOf(LOG_LEVELS),
    default: 'warn',
  },
  coinSymbol: {
    description: 'what amounts are shown in',
    variable: 'COCOON_SYMBOL',
    fileKey: 'coinSymbol',
    schema: z.string().regex(/^[A-Za-z0-9]{1,8}$/, { error: 'must be 1 to 8 letters or digits' }),
    default: 'TON',
  },
  apiPort: {
    description: 'port of the OpenAI API; 0: any free one',
    flag: '--api-port <port>',
    variable: 'COCOON_API_PORT',
    fileKey: 'apiPort',
    schema: wholeNumber(0, 65_535),
    default: 11_435,
  },
  apiUrl: {
    description: 'base URL of a running client, loopback only',
    flag: '--api <url>',
    variable: 'COCOON_API',
    schema: webAddress,
    default: undefined,
    defaultText: 'of the running testnet, else the default port',
  },
  model: {
    description: 'model to serve',
    flag: '--model <id>',
    variable: 'COCOON_MODEL',
    fileKey: 'model',
    schema: textOf(128),
    default: undefined,
    defaultText: 'the first of the network',
  },
  upstreamUrl: {
    description: 'server that runs the model: vLLM, SGLang, llama.cpp or any with the OpenAI API',
    flag: '--upstream <url>',
    variable: 'COCOON_UPSTREAM',
    fileKey: 'upstream',
    schema: text.transform(upstreamAddress),
    default: undefined,
    defaultText: 'none: this program runs it',
  },
  upstreamModel: {
    description: 'name of the model at the upstream server',
    flag: '--upstream-model <name>',
    variable: 'COCOON_UPSTREAM_MODEL',
    fileKey: 'upstreamModel',
    schema: textOf(1_024),
    default: undefined,
    defaultText: "the model's id",
  },
  upstreamDialect: {
    description: DIALECT_CHOICES.join(', '),
    flag: '--upstream-dialect <kind>',
    variable: 'COCOON_UPSTREAM_DIALECT',
    fileKey: 'upstreamDialect',
    schema: oneOf(DIALECT_CHOICES),
    default: 'auto',
  },
  upstreamLaunch: {
    description: 'launch description of a server that this program starts and measures',
    flag: '--upstream-launch <file>',
    variable: 'COCOON_UPSTREAM_LAUNCH',
    fileKey: 'upstreamLaunch',
    schema: text,
    default: undefined,
    defaultText: 'none',
  },
  launchFolder: {
    description: 'file system in memory that holds the copy of the model of a launched server',
    flag: '--launch-folder <dir>',
    variable: 'COCOON_LAUNCH_FOLDER',
    fileKey: 'launchFolder',
    schema: text,
    default: LAUNCH_FOLDER_DEFAULT,
  },
  upstreamKey: {
    description: 'API key that the upstream server asks for',
    variable: 'COCOON_UPSTREAM_KEY',
    schema: text,
    default: undefined,
    defaultText: 'none',
    isSecret: true,
  },
  priceNano: {
    description: 'coins for a million completion tokens; a prompt token costs half',
    flag: '--price <coins>',
    variable: 'COCOON_PRICE',
    fileKey: 'price',
    schema: coins,
    default: 100_000_000n,
    defaultText: '0.1',
  },
  slots: {
    description: 'answers at once',
    flag: '--slots <n>',
    variable: 'COCOON_SLOTS',
    fileKey: 'slots',
    schema: wholeNumber(1, 64),
    default: 4,
  },
  contextTokens: {
    description: 'tokens of one request at most, its answer included',
    flag: '--context <tokens>',
    variable: 'COCOON_CONTEXT',
    fileKey: 'context',
    schema: wholeNumber(2, 131_072),
    default: undefined,
    defaultText: "the model's, or what fits the memory with all slots in use",
  },
  memoryGib: {
    description: 'GiB that the engine may use; it is ended above',
    flag: '--memory <gib>',
    variable: 'COCOON_MEMORY',
    fileKey: 'memory',
    schema: wholeNumber(1, 65_536),
    default: undefined,
    defaultText: "half of the machine's",
  },
  threads: {
    description: 'threads of the engine; no answer depends on them',
    flag: '--threads <n>',
    variable: 'COCOON_THREADS',
    fileKey: 'threads',
    schema: wholeNumber(1, 128),
    default: undefined,
    defaultText: "the machine's physical cores",
  },
  device: {
    description: `where the engine runs the model: ${DEVICE_CHOICES.join(', ')}`,
    flag: '--device <kind>',
    variable: 'COCOON_DEVICE',
    fileKey: 'device',
    schema: oneOf(DEVICE_CHOICES),
    default: 'cpu',
  },
  kvCache: {
    description: 'how the engine keeps keys and values: graph (as the model has it), int8 (cpu)',
    flag: '--kv-cache <kind>',
    variable: 'COCOON_KV_CACHE',
    fileKey: 'kvCache',
    schema: oneOf(KV_CACHES),
    default: 'graph',
  },
  listen: {
    description: 'addresses that a provider listens on, such as /ip4/0.0.0.0/tcp/4001, by commas',
    flag: '--listen <multiaddrs>',
    variable: 'COCOON_LISTEN',
    fileKey: 'listen',
    schema: textList,
    default: [],
    defaultText: 'loopback on simulated networks, else every address; the port of the last time',
  },
  depositNano: {
    description: 'coins in a new channel',
    flag: '--deposit <coins>',
    variable: 'COCOON_DEPOSIT',
    fileKey: 'deposit',
    schema: coins,
    default: 1_000_000_000n,
    defaultText: '1',
  },
  priceCapNano: {
    description: 'coins for one request at most',
    flag: '--price-cap <coins>',
    variable: 'COCOON_PRICE_CAP',
    fileKey: 'priceCap',
    schema: coins,
    default: undefined,
    defaultText: 'the deposit',
  },
  spendPerRequestNano: {
    description: 'coins for one request, whatever it asks for',
    flag: '--spend-per-request <coins>',
    variable: 'COCOON_SPEND_PER_REQUEST',
    fileKey: 'spendPerRequest',
    schema: coins,
    default: undefined,
    defaultText: 'no cap',
  },
  spendPerDayNano: {
    description: 'coins for all requests of one day (UTC)',
    flag: '--spend-per-day <coins>',
    variable: 'COCOON_SPEND_PER_DAY',
    fileKey: 'spendPerDay',
    schema: coins,
    default: undefined,
    defaultText: 'no cap',
  },
  spendPerProviderNano: {
    description: 'coins for one provider on one day (UTC)',
    flag: '--spend-per-provider <coins>',
    variable: 'COCOON_SPEND_PER_PROVIDER',
    fileKey: 'spendPerProvider',
    schema: coins,
    default: undefined,
    defaultText: 'no cap',
  },
  depositPerDayNano: {
    description: 'coins put into channels on one day (UTC)',
    flag: '--deposit-per-day <coins>',
    variable: 'COCOON_DEPOSIT_PER_DAY',
    fileKey: 'depositPerDay',
    schema: coins,
    default: undefined,
    defaultText: 'no cap',
  },
  depositPerProviderNano: {
    description: 'coins put into channels of one provider on one day (UTC)',
    flag: '--deposit-per-provider <coins>',
    variable: 'COCOON_DEPOSIT_PER_PROVIDER',
    fileKey: 'depositPerProvider',
    schema: coins,
    default: undefined,
    defaultText: 'no cap',
  },
  walletPassphrase: {
    description: 'opens the wallet',
    variable: 'COCOON_WALLET_PASSPHRASE',
    schema: textOf(1_024),
    default: undefined,
    defaultText: 'asked for on a terminal',
    isSecret: true,
  },
  walletPassphraseFile: {
    description: 'file whose first line opens the wallet',
    flag: '--passphrase-file <file>',
    variable: 'COCOON_WALLET_PASSPHRASE_FILE',
    fileKey: 'walletPassphraseFile',
    schema: text,
    default: undefined,
    defaultText: 'asked for on a terminal',
  },
  apiHost: {
    description: 'address that the API listens on; more than loopback needs an API key',
    flag: '--api-host <address>',
    variable: 'COCOON_API_HOST',
    fileKey: 'apiHost',
    schema: z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address such as 127.0.0.1' }),
    default: '127.0.0.1',
  },
  corsOrigins: {
    description: 'exact origins of pages that may call the API, separated by commas',
    flag: '--cors-origin <origins>',
    variable: 'COCOON_CORS_ORIGIN',
    fileKey: 'corsOrigin',
    schema: textList,
    default: [],
    defaultText: 'none',
  },
  apiKey: {
    description: 'API key for a client that asks for one',
    variable: 'COCOON_API_KEY',
    schema: textOf(256),
    default: undefined,
    defaultText: 'the token in the data folder of the client',
    isSecret: true,
  },
  hubEndpoint: {
    description: 'Hugging-Face-compatible host that `models pull` asks',
    flag: '--endpoint <url>',
    variable: 'HF_ENDPOINT',
    fileKey: 'hubEndpoint',
    // Another program's variable too: one that is set to nothing must not stop every command.
    schema: z.preprocess((url) => url || HUB_ENDPOINT, webAddress.max(2_048)),
    default: HUB_ENDPOINT,
  },
  hubToken: {
    description: 'token for that host, sent nowhere else',
    variable: 'HF_TOKEN',
    schema: z
      .string()
      .max(4_096)
      .transform((token) => token.trim() || undefined),
    default: undefined,
    defaultText: 'none',
    isSecret: true,
  },
  shareModels: {
    description: 'hand out the weights of the served model; you state that this licence permits it',
    flag: '--share-models <licence>',
    variable: 'COCOON_SHARE_MODELS',
    fileKey: 'shareModels',
    schema: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 .+-]{0,63}$/, {
      error: 'must be the name of a licence such as apache-2.0',
    }),
    default: undefined,
    defaultText: 'weights stay here',
  },
  shareRateKib: {
    description: 'KiB a second that sharing sends at most',
    flag: '--share-rate <kib>',
    variable: 'COCOON_SHARE_RATE',
    fileKey: 'shareRate',
    schema: wholeNumber(64, 10_000_000),
    default: 4_096,
  },
  shareDayMib: {
    description: 'MiB a day (UTC) that sharing sends at most',
    flag: '--share-day <mib>',
    variable: 'COCOON_SHARE_DAY',
    fileKey: 'shareDay',
    schema: wholeNumber(0, 100_000_000),
    default: 20_480,
  },
  drainLimitS: {
    description: 'seconds that running answers get to finish at the end',
    flag: '--drain-limit <seconds>',
    variable: 'COCOON_DRAIN_LIMIT',
    fileKey: 'drainLimit',
    schema: wholeNumber(0, 3_600),
    default: 30,
  },
}

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[]

/** What stands in help: `(env COCOON_SLOTS, default 4)`. */
export function defaultOf(setting: Setting): string | undefined {
  return setting.defaultText ?? (setting.default === undefined ? undefined : `${setting.default}`)
}
