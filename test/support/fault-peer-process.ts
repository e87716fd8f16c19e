/**
 * One peer as a process that a test may kill at a named moment: real sockets, real disk, real settlement,
 * with the SIMULATED engine and TEE. The only argument is its configuration; orders come over IPC.
 */
import { readSync, writeSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createLibp2pTransport } from '#node/network/libp2p-transport.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { asCocoonError } from '#protocol/errors.ts'
import { unitsCostNano } from '#protocol/session/units.ts'
import { tonClientReader } from '#settlement/chain/ton-client-reader.ts'
import { type ChannelState, currentRoot, usedTotalNano } from '#settlement/channel/state.ts'
import { seedSigner } from '#settlement/wallet/signer.ts'
import { openWallet } from '#settlement/wallet/wallet.ts'
import { ChainGate } from './fault-chain.ts'
import { FaultProbe } from './fault-probe.ts'
import type { FaultLedger, FaultOrder, FaultPeerConfig, FaultReply } from './fault-processes.ts'
import { PROMPT_TOKENS } from './fault-scenario.ts'
import { MovableClock } from './market-peers.ts'
import { keyOf, peerRefOf, type RoleNetwork } from './role-harness.ts'
import { PRICES, TestClient, TestProvider } from './role-peers.ts'
import { createSimulatedEngine } from './simulated-engine.ts'
import { silentLog } from './test-peers.ts'

/** The parent's end kills whom it wants to and then writes a byte. */
const STEP_FD = 4

const config = JSON.parse(process.argv[2] ?? '{}') as FaultPeerConfig
const probe = new FaultProbe()
const clock = new MovableClock()
clock.aheadMs = config.aheadMs
const transport = await createLibp2pTransport({
  identitySeed: keyOf(`identity ${config.name}`).seed,
  listen: ['/ip4/127.0.0.1/tcp/0'],
  bootstrap: config.bootstrap,
  mode: 'full',
  globalId: config.file.globalId,
  log: silentLog,
})

function network(): RoleNetwork {
  const access = {
    endpoint: config.file.chainUrl,
    globalId: config.file.globalId,
    fetch: globalThis.fetch,
    timeoutSignal: AbortSignal.timeout,
  }
  return {
    clock,
    get devchain(): never {
      throw new Error('the chain runs in another process')
    },
    chain: tonClientReader(access),
    file: config.file,
    modelRoot: fromHex(config.file.models[0]?.root ?? ''),
    memory: { join: () => transport },
    gate: new ChainGate(),
    wallet: async (name) =>
      openWallet({
        ...{ access, crypto, clock, signer: seedSigner(crypto, keyOf(`wallet ${name}`).seed) },
        sleep: async () => nextTurn(),
      }),
    folder: () => config.dataDir,
    advance: () => undefined,
    stop: async () => undefined,
  }
}

function arm(point: string, isSelf: boolean): void {
  probe.arm({
    ...{ point, visit: 1, isSelf: false },
    act: () => {
      if (isSelf) process.kill(process.pid, 'SIGKILL')
      writeSync(STEP_FD, 'x')
      readSync(STEP_FD, Buffer.alloc(1))
    },
  })
}

function ledgerOf(state: ChannelState): FaultLedger {
  return {
    address: state.address.toRawString(),
    voucherNano: `${state.best.amountNano}`,
    leaves: state.tree.count,
    root: toHex(currentRoot(state)),
    usedNano: `${usedTotalNano(state)}`,
    status: state.status,
  }
}

type Doing = (order: FaultOrder) => Promise<Omit<FaultReply, 'id'>>

async function provider(): Promise<Doing> {
  const peer = await TestProvider.start(network(), config.name, { probe })
  return async (order) => {
    if (order.kind === 'ledgers') return { ledgers: peer.channels.all().map(ledgerOfDesk) }
    if (order.kind === 'stop') await peer.stop()
    return {}
  }
}

const ledgerOfDesk = ({ state }: { readonly state: ChannelState }) => ledgerOf(state)

async function client(): Promise<Doing> {
  const far = farProvider()
  const peer = await TestClient.start(network(), config.name, [far.provider], { probe })
  const forget = () => {
    peer.forgive()
    // A stranger's chunk all along: kept promises would make later chunks larger.
    peer.store.setMeta(`kept-units:${far.provider.identity}`, '0')
  }
  return async (order) => {
    if (order.kind === 'moved') far.moved(order.addresses)
    if (order.kind === 'ledgers') return { ledgers: peer.funding.desks.map(ledgerOfDesk) }
    if (order.kind === 'settle') await peer.settle()
    if (order.kind === 'settle-alone') await settleAlone(peer)
    if (order.kind === 'rest') {
      await peer.sessions.stop()
      forget()
    }
    if (order.kind === 'chat') return chat(peer, order)
    return {}
  }
}

/** The client finds nobody to close with. */
async function settleAlone(peer: TestClient): Promise<void> {
  const known = peer.providers.splice(0)
  try {
    await peer.sessions.stop()
    await peer.settle()
  } finally {
    peer.providers.push(...known)
  }
}

let deliveredNano = 0n

/** Says what was delivered as it arrives: a client that is killed cannot say it after. */
async function chat(
  peer: TestClient,
  { maxTokens, readTokensMax = maxTokens }: Extract<FaultOrder, { kind: 'chat' }>,
): Promise<Omit<FaultReply, 'id'>> {
  const beforeNano = deliveredNano
  let tokens = 0
  let payments = 0
  const tell = () => {
    // The second chunk is only paid when half of the first, which begins with the prompt, is there.
    const promptTokens = tokens > 0 || payments > 1 ? PROMPT_TOKENS : 0
    const costNano = unitsCostNano(PRICES, promptTokens, 0, promptTokens + tokens)
    deliveredNano = beforeNano + costNano
    process.send?.({ deliveredNano: `${deliveredNano}` })
  }
  peer.hear = ({ kind }) => {
    if (kind !== 'payment') return
    payments++
    tell()
  }
  try {
    for await (const event of peer.chatEvents({ maxTokens })) {
      if (event.kind !== 'text') continue
      tokens += event.tokens
      tell()
      if (tokens >= readTokensMax && tokens < maxTokens) break
    }
    return { tokens }
  } catch (error) {
    return { tokens, code: asCocoonError(error).code, text: String(error) }
  }
}

/** The provider as its offer describes it; its process is elsewhere. */
function farProvider() {
  const { name = '', addresses: first = [] } = config.provider ?? {}
  let addresses = first
  const provider = Object.create(TestProvider.prototype) as TestProvider
  const made = network()
  const engine = createSimulatedEngine({
    modelId: 'simulated',
    slotsTotal: 8,
    // What is delivered is counted at the full price, also where the same is asked again.
    keepsPrefixes: false,
  })
  const { identityKey } = peerRefOf(name)
  const offer = () => ({
    globalId: config.file.globalId,
    ...{ identityKey, provider: toHex(identityKey), modelRoot: made.modelRoot },
    ...{ modelId: 'simulated', prices: PRICES, addresses, engine: engine.info.engine },
    ...{ slotsTotal: 8, slotsFree: 8, queued: 0, tier: 'simulated' as const },
    statementDigest: new Uint8Array(32),
    issuedAtMs: clock.nowMs(),
    sequence: 1n,
    expiresAtMs: clock.nowMs() + 86_400_000,
    contextTokens: engine.info.contextTokens,
  })
  Object.defineProperties(provider, {
    name: { value: name },
    network: { value: made },
    engine: { value: engine },
    identity: { value: toHex(identityKey) },
    addresses: { get: () => addresses },
    offer: { value: offer },
  })
  const moved = (to: readonly string[]): void => {
    addresses = to
  }
  return { provider, moved }
}

const roles = { provider, client, first: async (): Promise<Doing> => async () => ({}) }
const doing = await roles[config.role]()

async function obey(order: FaultOrder): Promise<Omit<FaultReply, 'id'>> {
  if (order.kind === 'arm') arm(order.point, order.isSelf)
  if (order.kind === 'disarm') probe.disarm()
  if (order.kind === 'advance') clock.aheadMs = order.aheadMs
  if (order.kind === 'visits') {
    const visits = [...probe.visits.keys()]
    probe.visits.clear()
    return { visits }
  }
  return doing(order)
}

process.on('message', (order: FaultOrder) => {
  void obey(order).then(
    (reply) => process.send?.({ id: order.id, ...reply }),
    (error: unknown) => {
      const { code } = asCocoonError(error)
      process.send?.({ id: order.id, code, text: String(error) })
    },
  )
})
process.on('disconnect', () => process.exit(0))
process.send?.({ id: 0, addresses: transport.addresses() })
