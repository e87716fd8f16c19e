/** Runs a configured peer until Ctrl-C, SIGTERM or `cocoon drain`, and shows its status meanwhile. */
import { toJson } from '#node/gateway/json.ts'
import { createLog } from '#node/log.ts'
import { keepListenPort } from '#node/network/kept-port.ts'
import { isLoopbackAddress } from '#node/network/loopback.ts'
import type { EmitEvent } from '#node/roles/events.ts'
import { controlApp } from '#node/status/control-app.ts'
import { serveControl } from '#node/status/control-socket.ts'
import { StatusBoard } from '#node/status/status-board.ts'
import type { PeerStatus } from '#node/status/status-document.ts'
import { statusLine, statusRows } from '#node/status/status-text.ts'
import { eventPrinter } from '#node/testnet/event-text.ts'
import { isSimulated } from '#node/testnet/network-file.ts'
import type { PeerConfig } from '#node/testnet/peer-config.ts'
import { type RunningConfiguredPeer, runPeer } from '#node/testnet/run-peer.ts'
import { pairs, shortProvider } from '#node/text.ts'
import { cocoonVersion } from '#node/version.ts'
import { auditRoute } from './audit-route.ts'
import type { CliContext } from './context.ts'
import { EXIT } from './failure.ts'
import { aborted, withRemedy } from './interrupts.ts'
import type { PeerCommandOptions } from './options.ts'
import { walletPassphrase } from './passphrase.ts'
import { fundFromFaucet, type PeerHome } from './peer-home.ts'
import { servedStoriesRoute } from './served-stories.ts'

const STATUS_EVERY_MS = 1_000

const WALLET_KIND = {
  plain: 'in the clear, for testnets only',
  encrypted: 'sealed by a passphrase',
  external: 'kept by another program',
} as const

/** Takes over the home and releases its folder at the end, however it comes. */
export async function runPeerUntilDrained(
  home: PeerHome,
  options: PeerCommandOptions,
  context: CliContext,
  configOf: () => Promise<PeerConfig>,
): Promise<void> {
  await using cleanup = new AsyncDisposableStack()
  cleanup.defer(() => home.folder.release())
  const { output, interrupts, settings } = context
  const startedAtMs = Date.now()
  const board = new StatusBoard(output.terminal)
  cleanup.defer(() => board.end())
  const log = createLog({ name: home.name, level: settings.logLevel })
  const config = await configOf()
  const signer = await home.wallet.open(() => walletPassphrase(settings))
  const faucetNano = await fundFromFaucet(home)
  const surroundings = {
    network: home.network,
    emit: tellTo(board, home.name, startedAtMs, options, context),
    ...{ log, signer, startSignal: interrupts.first },
  }
  // Hashing and loading gigabytes takes minutes; nobody should look at nothing meanwhile.
  if (config.role === 'provider') output.talk(`checking and starting ${config.modelId} …`)
  const peer = await withRemedy(interrupts.first, 'Start it again: nothing was lost.', () =>
    runPeer(config, surroundings),
  )
  cleanup.defer(() => peer.stop())
  keepListenPort(home.networkDir, peer.ready.addresses)
  interrupts.second.addEventListener('abort', () => process.exit(EXIT.interrupted), { once: true })

  const asked = new AbortController()
  const status = (): PeerStatus => statusOf(home, peer, startedAtMs, asked.signal.aborted)
  const control = await serveControl(
    controlApp(
      { status, drain: () => asked.abort() },
      auditRoute(peer).route('/', servedStoriesRoute(peer)),
    ),
    home.folder.dir,
  )
  cleanup.defer(() => control.close())
  output.talk(banner(home, peer, faucetNano, context))
  const exposure = exposureWarning(home, peer.ready.addresses)
  if (exposure !== undefined) output.talk(exposure)
  output.talk(`ready in ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s`)

  const show = showTo(board, status, options, context)
  show()
  const timer = setInterval(show, STATUS_EVERY_MS)
  cleanup.defer(() => clearInterval(timer))
  await Promise.race([aborted(interrupts.first), aborted(asked.signal)])
  asked.abort()
  const { drainLimitS } = settings
  const draining = `draining: running answers get ${drainLimitS} s (Ctrl-C again to stop at once)`
  if (output.terminal.isTTY && !options.json) board.event(draining)
  else output.talk(draining)
  await peer.drain(AbortSignal.timeout(drainLimitS * 1_000))
  show()
}

function tellTo(
  board: StatusBoard,
  name: string,
  startedAtMs: number,
  { json }: PeerCommandOptions,
  { output, coins }: CliContext,
): EmitEvent {
  const print = eventPrinter({ coins, startedAtMs, nameOf: shortProvider })
  return (body) => {
    const event = { atMs: Date.now(), peer: name, ...body }
    if (json) return output.result(toJson(event))
    const line = print(event)
    if (line !== undefined) board.event(line)
  }
}

function showTo(
  board: StatusBoard,
  status: () => PeerStatus,
  { json }: PeerCommandOptions,
  { output, coins }: CliContext,
): () => void {
  let last = ''
  return () => {
    const now = status()
    const line = statusLine(now, coins)
    if (!json) return board.show(statusRows(now, coins, Date.now()), line)
    if (line !== last) output.result(toJson({ kind: 'status', ...now }))
    last = line
  }
}

function statusOf(
  home: PeerHome,
  peer: RunningConfiguredPeer,
  startedAtMs: number,
  isDraining: boolean,
): PeerStatus {
  const role = peer.status()
  const { peerId, addresses, role: name } = peer.ready
  const isReached = role.inbound > 0
  return {
    ...role,
    name: home.name,
    role: name,
    state: isDraining ? 'draining' : 'running',
    version: cocoonVersion(),
    pid: process.pid,
    startedAtMs,
    uptimeMs: Date.now() - startedAtMs,
    network: home.network.name,
    peerId,
    addresses,
    reachability: isReached ? 'reached' : addresses.length > 0 ? 'listening' : 'dials-only',
    dataDir: home.folder.dir,
  }
}

/** A peer of a simulated network that others on the wire can talk to. */
export function exposureWarning(
  { network }: Pick<PeerHome, 'network'>,
  addresses: readonly string[],
): string | undefined {
  const beyond = addresses.find((address) => !isLoopbackAddress(address))
  if (beyond === undefined || !isSimulated(network)) return undefined
  return `WARNING: ${network.name} is simulated and belongs on one machine, and this peer listens on ${beyond}: its TEE protects nothing from anybody. Leave out --listen unless you test exactly that.`
}

function banner(
  home: PeerHome,
  peer: RunningConfiguredPeer,
  faucetNano: bigint,
  { coins }: CliContext,
): string {
  const { peerId, addresses, apiUrl, metricsUrl, role } = peer.ready
  const { keys, network, folder, wallet } = home
  const { provider } = peer.status()
  const given = faucetNano === 0n ? '' : `, given ${coins(faucetNano)} by the embedded chain`
  return pairs([
    ['identity', peerId],
    ['role', role],
    ...(provider === null
      ? []
      : [
          ['model', `${provider.model}, root ${provider.modelRoot}`] as const,
          ['engine', provider.engine] as const,
        ]),
    ['listens on', addresses[0] ?? 'nothing: it only dials'],
    ...(apiUrl === undefined ? [] : [['OpenAI API', `${apiUrl}/v1`] as const]),
    ...(metricsUrl === undefined ? [] : [['metrics', metricsUrl] as const]),
    ['wallet', `${home.walletAddress}${given}`],
    ['network', `${network.name}, ${home.networkFile}`],
    ['data', folder.dir],
    ['keys', `${keys.created ? 'made' : 'read'}: ${keys.file}`],
    ['wallet key', `${WALLET_KIND[wallet.kind]}: ${wallet.file}`],
  ])
}
