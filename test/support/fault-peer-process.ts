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
import { tonClientReader } from '#settlement/chain/ton-client-reader.ts'
import { type ChannelState, currentRoot, usedTotalNano } from '#settlement/channel/state.ts'
import { seedSigner } from '#settlement/wallet/signer.ts'
import { openWallet } from '#settlement/wallet/wallet.ts'
import { ChainGate } from './fault-chain.ts'
import { FaultProbe } from './fault-probe.ts'
import type { FaultOrder, FaultPeerConfig, FaultReply } from './fault-processes.ts'
import { MovableClock } from './market-peers.ts'
import { keyOf, peerRefOf, type RoleNetwork } from './role-harness.ts'
import { TestClient, TestProvider } from './role-peers.ts'
import { silentLog } from './test-peers.ts'

/** The parent's end kills whom it wants to and then writes a byte. */
const STEP_FD = 4

const config = JSON.parse(process.argv[2] ?? '{}') as FaultPeerConfig
const probe = new FaultProbe()
const transport = await createLibp2pTransport({
  identitySeed: keyOf(`identity ${config.name}`).seed,
  listen: ['/ip4/127.0.0.1/tcp/0'],
  bootstrap: config.bootstrap,
  mode: 'full',
  globalId: config.file.globalId,
  log: silentLog,
})

function network(): RoleNetwork {
  const clock = new MovableClock()
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

function ledgerOf(state: ChannelState | undefined) {
  if (state === undefined) return undefined
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
    if (order.kind === 'ledger') {
      const desk = peer.channels.all().find(({ address }) => address === order.address)
      return { ledger: ledgerOf(desk?.state) }
    }
    if (order.kind === 'stop') await peer.stop()
    return {}
  }
}

async function client(): Promise<Doing> {
  const far = config.provider
  const { identityKey } = peerRefOf(far?.name ?? '')
  // The provider as its offer describes it; its process is elsewhere.
  const known = Object.create(TestProvider.prototype) as TestProvider
  const { createSimulatedEngine } = await import('./simulated-engine.ts')
  const made = network()
  const engine = createSimulatedEngine({ modelId: 'simulated', slotsTotal: 8 })
  Object.defineProperties(known, {
    name: { value: far?.name },
    network: { value: made },
    engine: { value: engine },
    identity: { value: toHex(identityKey) },
    addresses: { get: () => addresses },
    offer: { value: () => offerOf(toHex(identityKey)) },
  })
  let addresses = far?.addresses ?? []
  const { PRICES } = await import('./role-peers.ts')
  const offerOf = (identity: string) => ({
    globalId: config.file.globalId,
    ...{ identityKey, provider: identity, modelRoot: made.modelRoot, modelId: 'simulated' },
    prices: PRICES,
    ...{ slotsTotal: 8, slotsFree: 8, queued: 0, tier: 'simulated' as const },
    statementDigest: new Uint8Array(32),
    ...{ issuedAtMs: Date.now(), sequence: 1n, expiresAtMs: Date.now() + 86_400_000 },
    ...{ contextTokens: engine.info.contextTokens, addresses, engine: engine.info.engine },
  })
  const peer = await TestClient.start(made, config.name, [known], { probe })
  return async (order) => {
    if (order.kind === 'moved') addresses = order.addresses
    if (order.kind === 'ledger') return { ledger: ledgerOf(peer.funding.desks.at(-1)?.state) }
    if (order.kind === 'settle') await peer.settle()
    if (order.kind === 'rest') await peer.sessions.stop()
    if (order.kind !== 'chat') return {}
    peer.forgive()
    peer.store.setMeta(`kept-units:${known.identity}`, '0')
    let tokens = 0
    try {
      for await (const event of peer.chatEvents({ maxTokens: order.maxTokens })) {
        if (event.kind === 'text') tokens += event.tokens
      }
      return { tokens }
    } catch (error) {
      return { tokens, code: asCocoonError(error).code, text: String(error) }
    }
  }
}

const roles = { provider, client, first: async (): Promise<Doing> => async () => ({}) }
const doing = await roles[config.role]()
process.on('message', (order: FaultOrder) => {
  if (order.kind === 'arm') arm(order.point, order.isSelf)
  void doing(order).then(
    (reply) => process.send?.({ id: order.id, ...reply }),
    (error: unknown) => process.send?.({ id: order.id, code: 'FAILED', text: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
process.send?.({ id: 0, addresses: transport.addresses() })
