/** The surroundings of this machine. Nothing is kept: what a check needs is asked when it runs. */
import path from 'node:path'
import { Address } from '@ton/core'
import { openChain } from '#node/chain/open-chain.ts'
import { systemClock } from '#node/clock.ts'
import type { Settings } from '#node/config.ts'
import { probeQuote } from '#node/evidence/quote-probe.ts'
import { surveyTee } from '#node/evidence/survey.ts'
import { LocalApi } from '#node/gateway/local-api-client.ts'
import { storeFolders } from '#node/history/client-home.ts'
import { readKeptPort } from '#node/network/kept-port.ts'
import { portIsFree } from '#node/port.ts'
import { askStatus } from '#node/status/control-client.ts'
import { readNetworkFile } from '#node/testnet/network-file.ts'
import { coinsIn } from '#node/text.ts'
import { folderMode, freeBytes, fsyncMs, isWritable, readKeysFile, storeState } from './files.ts'
import { lookAtGpus } from './gpus.ts'
import { lookAtLaunch } from './launch.ts'
import { folderOfRoot } from './model-here.ts'
import { onnxProviders } from './onnx-providers.ts'
import { answers, canListen } from './sockets.ts'
import type { NetworkView, StoreState, Surroundings } from './surroundings.ts'
import { lookAtUpstream } from './upstream.ts'

/** @param networkFile path of the network file; undefined: none is configured */
export function thisMachine(
  settings: Settings,
  networkFile: () => string | undefined,
): Surroundings {
  const dataDir = (role: string) => path.join(settings.dataRoot, role)
  const configured = () => {
    const file = networkFile()
    return file === undefined ? undefined : readNetworkFile(file)
  }
  const wallAtStartMs = systemClock.nowMs()
  const monotonicAtStartMs = performance.now()
  return {
    nodeVersion: process.versions.node,
    apiPort: settings.apiPort,
    dataRoot: settings.dataRoot,
    depositNano: settings.depositNano,
    coins: coinsIn(settings.coinSymbol),
    dataDir,
    nowMs: systemClock.nowMs,
    clockStepMs: () =>
      systemClock.nowMs() - wallAtStartMs - (performance.now() - monotonicAtStartMs),
    async port(port) {
      if (await portIsFree(port)) return 'free'
      const api = new LocalApi(`http://127.0.0.1:${port}`)
      return api.status().then(
        () => 'cocoon',
        () => 'taken',
      )
    },
    canListen,
    peerPorts() {
      const kept = storeFolders(dataDir('provider')).flatMap((dir) => readKeptPort(dir) ?? [])
      const named = settings.listen.flatMap((address) => /\/tcp\/(\d+)/.exec(address)?.[1] ?? [])
      const ports = named.length > 0 ? named.map(Number) : kept.slice(0, 1)
      return ports.filter((port) => port > 0)
    },
    freeBytes,
    fsyncMs,
    folderMode,
    isWritable,
    store: (role) => worstState(dataDir(role)),
    keys: (role) => readKeysFile(dataDir(role)),
    onnxruntime: onnxProviders,
    tee: () => surveyTee(undefined, probeQuote),
    device: settings.device,
    gpus: lookAtGpus,
    upstream() {
      const url = settings.upstreamUrl
      if (url === undefined) return undefined
      return lookAtUpstream(url, settings, configured())
    },
    launch() {
      const { upstreamLaunch: file, launchFolder: folder } = settings
      if (file === undefined) return undefined
      const modelFolder = (root: string) => folderOfRoot(root, configured(), settings.dataRoot)
      return lookAtLaunch({ file, folder, modelFolder })
    },
    network() {
      const file = networkFile()
      return file === undefined ? undefined : { ...readNetworkFile(file), file }
    },
    async chain(network) {
      const { time, seqno } = await reader(network).latestBlock()
      return { blockAtMs: time * 1000, seqno }
    },
    balanceNano: (network, address) => reader(network).balance(Address.parse(address)),
    answers,
    connections: (role) => askStatus(dataDir(role)).catch(() => undefined),
  }
}

/** Of the stores of every network that the peer was on. */
function worstState(dataDir: string): StoreState {
  const states = storeFolders(dataDir).map(storeState)
  const worst = (['damaged', 'in-use', 'sound'] as const).flatMap((kind) =>
    states.filter((state) => state.kind === kind),
  )
  return worst[0] ?? { kind: 'missing' }
}

function reader(network: NetworkView) {
  return openChain(network, systemClock).reader
}
