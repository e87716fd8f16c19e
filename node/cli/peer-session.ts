/** `cocoon up` and `cocoon client`: one peer from its start to the end of its drain. */
import path from 'node:path'
import { badOption } from '#inference/upstream/errors.ts'
import { defaultEngineMemoryBytes, defaultEngineThreads } from '#node/compose/engine-machine.ts'
import type { Settings } from '#node/config.ts'
import { EVERY_ADDRESS, keptListenAddress, LOOPBACK } from '#node/network/kept-port.ts'
import { isSimulated } from '#node/testnet/network-file.ts'
import type { CliContext } from './context.ts'
import type { ClientCommandOptions, PeerCommandOptions, UpOptions } from './options.ts'
import { openPeerHome, type PeerHome } from './peer-home.ts'
import { shareOptions, withKnownModelsOf, withServedModel } from './peer-models.ts'
import { runPeerUntilDrained } from './peer-run.ts'
import { readPolicyFile } from './policy-file.ts'
import { registryAddresses } from './registry-addresses.ts'
import { effective } from './settings-options.ts'

const PROMPT_DIVISOR = 2n
const CACHED_DIVISOR = 20n
const GIB = 1024 ** 3

export async function runUp(options: UpOptions, context: CliContext): Promise<void> {
  const settings = effective(context.settings, settingsOf(options))
  const launch = launchOf(settings)
  const opened = openPeerHome('provider', options, context)
  const { home, served, release } = withServedModel(opened, settings, options.modelFolder)
  const { priceNano, slots } = settings
  const share = shareOptions(settings)
  await runPeerUntilDrained(home, options, { ...context, settings }, async () => ({
    role: 'provider',
    ...ownKeys(home),
    settlementSeed: home.keys.settlementSeed,
    ...served,
    ...upstreamOf(settings),
    ...launch,
    ...(share === undefined ? {} : { share }),
    prices: {
      promptNanoPerMtok: priceNano / PROMPT_DIVISOR,
      cachedNanoPerMtok: priceNano / CACHED_DIVISOR,
      completionNanoPerMtok: priceNano,
    },
    slotsTotal: slots,
    ...engineLimits(settings),
    addedLatencyMs: 0,
    listen: await listenAddresses(settings, home),
    ...(options.tee === undefined ? {} : { tee: options.tee }),
    ...(options.metricsPort === undefined ? {} : { metricsPort: options.metricsPort }),
    ...(options.pccs === undefined ? {} : { pccsUrl: options.pccs }),
  })).finally(release)
}

export async function runClient(options: ClientCommandOptions, context: CliContext): Promise<void> {
  const settings = effective(context.settings, settingsOf(options))
  const opened = openPeerHome('client', options, context)
  const home = withKnownModelsOf(opened, settings)
  const { depositNano, priceCapNano, apiPort, apiHost, corsOrigins } = settings
  // Nobody asked for the default port: when a testnet has it, any other is as good.
  const isDefault =
    options.apiPort === undefined && context.configuration.origins.apiPort === 'default'
  await runPeerUntilDrained(home, options, { ...context, settings }, async () => ({
    role: 'client',
    ...ownKeys(home),
    depositNano,
    ...(priceCapNano === undefined ? {} : { priceCapNano }),
    apiPort,
    apiHost,
    corsOrigins: [...corsOrigins],
    spendCaps: spendCapsOf(settings),
    depositLimits: {
      perDayNano: settings.depositPerDayNano,
      perProviderDayNano: settings.depositPerProviderNano,
    },
    ...(settings.policy === undefined ? {} : { ownPolicy: readPolicyFile(settings.policy) }),
    registries: registryAddresses(settings.registries),
    ...(settings.nrasUrl === undefined ? {} : { nrasUrl: settings.nrasUrl }),
    apiPortFallback: isDefault,
    light: true,
  }))
}

/** The options that are flags of settings; undefined ones do not count. */
function settingsOf(options: UpOptions & ClientCommandOptions & PeerCommandOptions) {
  const { model, priceNano, slots, depositNano, priceCapNano, apiPort, drainLimitS } = options
  const { apiHost, corsOrigins, policy, nrasUrl, listen } = options
  const { shareModels, shareRateKib, shareDayMib } = options
  const { spendPerRequestNano, spendPerDayNano, spendPerProviderNano } = options
  const { depositPerDayNano, depositPerProviderNano, walletPassphraseFile } = options
  const { upstreamUrl, upstreamModel, upstreamDialect, upstreamLaunch, launchFolder } = options
  const { contextTokens, memoryGib, threads, device, kvCache } = options
  return {
    ...{ upstreamUrl, upstreamModel, upstreamDialect, upstreamLaunch, launchFolder },
    ...{ contextTokens, memoryGib, threads },
    ...{ device, kvCache },
    ...{ depositPerDayNano, depositPerProviderNano, walletPassphraseFile },
    ...{ model, priceNano, slots, depositNano, priceCapNano, apiPort, drainLimitS },
    ...{ listen, policy, nrasUrl, apiHost, corsOrigins },
    ...{ shareModels, shareRateKib, shareDayMib },
    ...{ spendPerRequestNano, spendPerDayNano, spendPerProviderNano },
  }
}

/** What the engine may take of this machine, which an owner who sells answers wants used. */
function engineLimits({ contextTokens, memoryGib, threads, device, kvCache }: Settings) {
  const memoryLimitBytes = memoryGib === undefined ? defaultEngineMemoryBytes() : memoryGib * GIB
  const given = { contextTokens, memoryLimitBytes, device, kvCache }
  return { ...given, threads: threads ?? defaultEngineThreads() }
}

/** Undefined: this program runs the model. */
function upstreamOf(settings: Settings) {
  const { upstreamUrl: url, upstreamModel: model, upstreamDialect: dialect, upstreamKey } = settings
  if (url === undefined) return {}
  const apiKey = upstreamKey === undefined ? {} : { apiKey: upstreamKey }
  return { upstream: { url, dialect, ...(model === undefined ? {} : { model }), ...apiKey } }
}

/**
 * Undefined: this program launches no server. What the description says of model and dialect is measured; the
 * settings of other servers say nothing here.
 * @throws ConfigError UPSTREAM_OPTION
 */
function launchOf(settings: Settings) {
  const { upstreamLaunch: file, launchFolder: folder } = settings
  if (file === undefined) return {}
  const { upstreamUrl, upstreamModel, upstreamDialect, upstreamKey } = settings
  if (upstreamUrl !== undefined) throw badOption('url', 'a launched server has none to name')
  if (upstreamModel !== undefined) throw badOption('model', 'the launch description names it')
  if (upstreamDialect !== 'auto') throw badOption('dialect', 'the launch description names it')
  if (upstreamKey !== undefined) throw badOption('key', 'a launched server has none')
  return { launch: { file: path.resolve(file), folder } }
}

function spendCapsOf(settings: Settings) {
  const { spendPerRequestNano, spendPerDayNano, spendPerProviderNano } = settings
  return {
    perRequestNano: spendPerRequestNano,
    perDayNano: spendPerDayNano,
    perProviderDayNano: spendPerProviderNano,
  }
}

function ownKeys({ name, networkDir, keys }: PeerHome) {
  const { identitySeed } = keys
  return { name, dataDir: networkDir, identitySeed }
}

/** A simulated network belongs on one machine: its TEE and its coins protect nothing. */
async function listenAddresses(
  { listen }: Settings,
  { network, networkDir }: PeerHome,
): Promise<string[]> {
  if (listen.length > 0) return [...listen]
  return [await keptListenAddress(networkDir, isSimulated(network) ? LOOPBACK : EVERY_ADDRESS)]
}
