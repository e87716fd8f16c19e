/** Which running client, and which network, a command talks to. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import type { Settings } from '#node/config.ts'
import { LocalApi } from '#node/gateway/local-api-client.ts'
import { readOwnerToken } from '#node/keys/owner-token.ts'
import { networkFolderName } from '#node/store/data-folder.ts'
import { readNetworkFile } from '#node/testnet/network-file.ts'
import { readCurrentRun } from '#node/testnet/run-folder.ts'
import { statusBesideNetworkFile, testnetStatus } from '#node/testnet/status.ts'
import { UnavailableError } from '#protocol/errors.ts'
import { withSettings } from './settings-options.ts'

export interface TargetOptions {
  /** Base URL of a running client. */
  readonly apiUrl?: string
  readonly network?: string
  readonly data?: string
  readonly json?: boolean
}

/** Options of every command that reads from a running client. */
export function withTarget(command: Command): Command {
  command
    .option('--json', 'one JSON document to stdout')
    .option('--network <file>', 'network file of a running testnet')
    .option('--data <dir>', 'folder of the testnet (default: `testnet` in COCOON_DATA)')
  return withSettings(command, ['apiUrl'], ['dataRoot', 'apiPort', 'apiKey', 'coinSymbol'])
}

export function testnetDir(options: TargetOptions, settings: Settings): string {
  return path.resolve(options.data ?? path.join(settings.dataRoot, 'testnet'))
}

/**
 * Flag, environment, network file, the running testnet, the default port: the first that is there.
 * @throws ConfigError API_NOT_LOOPBACK
 */
export function localApi(options: TargetOptions, settings: Settings): LocalApi {
  const url = apiUrl(options, settings)
  return new LocalApi(url, apiToken(options, settings, url))
}

/** The key that was named, else the owner's token of the client that answers at this URL. */
function apiToken(options: TargetOptions, settings: Settings, url: string): string | undefined {
  if (settings.apiKey !== undefined) return settings.apiKey
  const testnet = runningTestnet(options, settings)
  const { network } = options
  const isOfTestnet = testnet !== undefined && isSameOrigin(testnet.apiUrl, url)
  const dir = isOfTestnet
    ? testnet.clientDir
    : clientDir(network === undefined ? {} : { network }, settings)
  return dir === undefined ? undefined : readOwnerToken(dir)
}

function isSameOrigin(one: string, other: string): boolean {
  const origin = URL.parse(one)?.origin
  return origin !== undefined && origin === URL.parse(other)?.origin
}

/** The client that a running testnet brought along; undefined: there is none. */
function runningTestnet(
  { network, data }: Pick<TargetOptions, 'network' | 'data'>,
  settings: Settings,
): { readonly apiUrl: string; readonly clientDir: string | undefined } | undefined {
  try {
    const target = data === undefined ? {} : { data }
    const { apiUrl, peers } =
      network === undefined
        ? testnetStatus(testnetDir(target, settings))
        : statusBesideNetworkFile(network)
    const client = peers.find(({ role, alive }) => role === 'client' && alive)
    return { apiUrl, clientDir: client?.dataDir }
  } catch {
    return undefined
  }
}

/**
 * Where the client of a network keeps what belongs to it: the owner's own when it ever joined this
 * network, else the one that the running testnet brought along. Undefined: no network is known.
 * `data` is the client's own folder.
 */
export function clientDir(
  { network, data }: Pick<TargetOptions, 'network' | 'data'>,
  settings: Settings,
): string | undefined {
  try {
    const named = network === undefined ? {} : { network }
    const { name, globalId } = readNetworkFile(networkFile(named, settings))
    const own = path.resolve(data ?? path.join(settings.dataRoot, 'client'))
    const dir = path.join(own, 'networks', networkFolderName({ name, globalId }))
    if (data !== undefined || existsSync(dir)) return dir
    return runningTestnet(named, settings)?.clientDir ?? dir
  } catch {
    return undefined
  }
}

function apiUrl(options: TargetOptions, settings: Settings): string {
  const named = options.apiUrl ?? (options.network === undefined ? settings.apiUrl : undefined)
  if (named !== undefined) return named
  if (options.network !== undefined) return statusBesideNetworkFile(options.network).apiUrl
  const dir = testnetDir(options, settings)
  if (options.data !== undefined || readCurrentRun(dir) !== undefined)
    return testnetStatus(dir).apiUrl
  return `http://127.0.0.1:${settings.apiPort}`
}

/**
 * Flag, environment, config.json, the running testnet: the first that is there.
 * @throws UnavailableError NO_TESTNET when no file is named and no testnet runs
 */
export function networkFile(options: TargetOptions, settings: Settings): string {
  const named = options.network ?? settings.network
  if (named !== undefined) return path.resolve(named)
  const current = readCurrentRun(testnetDir(options, settings))
  if (current !== undefined) return current.networkFile
  throw new UnavailableError('NO_TESTNET', 'no network was named and no testnet is running', {
    remedy: 'Start `cocoon testnet`, pass --network FILE, or `cocoon config set network FILE`.',
  })
}
