/**
 * A provider whose model runs behind an upstream server (SIMULATED), over real libp2p and the embedded chain:
 * it is sold in tier open, asked only by those who permit that by name, and no flag makes it more.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openQuotes, tierOf } from '#node/compose/tier.ts'
import { composeClient, composeProvider } from '#node/compose.ts'
import { TEE_CHOICES } from '#node/evidence/choose.ts'
import type { ChatEvent, ChatRequest, Spent } from '#node/roles/client-service.ts'
import type { ProviderOptions, RunningClient, RunningPeer } from '#node/roles/peer-options.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import {
  keyOf,
  ROLE_MODEL_ID,
  type RoleNetwork,
  startRoleNetwork,
} from '../support/role-harness.ts'
import { PRICES } from '../support/role-peers.ts'
import { silentLog } from '../support/test-peers.ts'
import { UpstreamTestServer } from '../support/upstream-server.ts'

/** A document of JSON, and then no more one. */
const DOCUMENT = '{"said": "by a server"}'
const ANSWER = `${DOCUMENT} and the user, said by a server.`

let network: RoleNetwork
let server: UpstreamTestServer
let provider: RunningPeer
let client: RunningClient

function providerOptions(name: string): ProviderOptions {
  const [model] = network.file.models
  return {
    ...{ name, network: network.file, dataDir: network.folder(), log: silentLog },
    identitySeed: keyOf(`identity ${name}`).seed,
    walletSeed: keyOf(`wallet provider ${name}`).seed,
    settlementSeed: keyOf(`settlement ${name}`).seed,
    ...{ modelFolder: model?.folder ?? '', modelId: ROLE_MODEL_ID, prices: PRICES },
    ...{ slotsTotal: 4, addedLatencyMs: 0, emit: () => undefined },
    upstream: { url: server.url },
  }
}

beforeAll(async () => {
  network = await startRoleNetwork()
  server = await UpstreamTestServer.start({ answer: ANSWER })
  await network.wallet('provider elsewhere')
  await network.wallet('client asker')
  provider = await composeProvider(providerOptions('elsewhere'))
  client = await composeClient({
    ...{ name: 'asker', dataDir: network.folder(), log: silentLog, emit: () => undefined },
    network: { ...network.file, bootstrap: [...provider.addresses] },
    identitySeed: keyOf('identity asker').seed,
    walletSeed: keyOf('wallet client asker').seed,
    depositNano: 1_000_000_000n,
  })
})
afterAll(async () => {
  await client?.stop()
  await provider?.stop()
  await server?.stop()
  await network?.stop()
})

const CHAT: ChatRequest = {
  ...{ model: ROLE_MODEL_ID, messages: [{ role: 'user', content: 'hello' }], maxTokens: 60 },
  ...{ temperature: 0, topP: 1, seed: 1n, stop: [] },
}

async function ask(request: ChatRequest): Promise<ChatEvent[]> {
  const events: ChatEvent[] = []
  for await (const event of client.service.chat(request, new AbortController().signal)) {
    events.push(event)
  }
  return events
}

describe('a provider with an upstream', () => {
  it('says in its status and its offer what it is', () => {
    expect(provider.status().provider).toMatchObject({
      tier: 'open',
      upstream: { dialect: 'vllm', state: 'ready', exactTokenIds: true, url: server.url },
    })
  })

  it('is refused by default, with the reason, before anything is sent', async () => {
    const asked = server.asked.length
    // The offer is there, so that it is the tier that is refused.
    await expect.poll(() => client.service.offers().length).toBe(1)
    const refusal = {
      code: 'NO_PROVIDER',
      message: expect.stringContaining('tier open, required simulated'),
    }
    await expect(ask(CHAT)).rejects.toMatchObject(refusal)
    expect(server.asked.length).toBe(asked)
  })

  it('answers whoever permits tier open by name, and never claims more', async () => {
    const events = await ask({ ...CHAT, tierMin: 'open' })
    expect(events[0]).toMatchObject({ kind: 'routed', tier: 'open' })
    const done = events.at(-1)
    if (done?.kind !== 'done') throw new Error('no end')
    const { result } = done
    expect(result).toMatchObject({ text: ANSWER, finish: 'stop', tier: 'open' })
    expect(result.engine).toContain('upstream')
    expect(result.verdict).toMatchObject({ evidenceKind: 'none', tier: 'open', ok: true })
    const steps = result.verdict.steps.map(({ name }) => name)
    expect(steps).toEqual(expect.arrayContaining(['tier-open', 'statement-signature']))
    expect(steps).not.toContain('hardware-identity')
  })

  it('passes nothing on that is not the document which was asked for, and bills what it passed on', async () => {
    server.fault = 'ignores-constraint'
    const events: ChatEvent[] = []
    const bills: Spent[] = []
    const request = { ...CHAT, tierMin: 'open', constraint: { kind: 'json_object' } } as const
    const chat = client.service.chat(request, new AbortController().signal, (spent) =>
      bills.push(spent),
    )
    const asking = (async () => {
      for await (const event of chat) events.push(event)
    })()
    const because = expect.objectContaining({ code: 'NO_PROVIDER' })
    await expect(asking).rejects.toEqual(because)
    server.fault = undefined
    const texts = events.flatMap((event) => (event.kind === 'text' ? [event] : []))
    expect(texts.map(({ text }) => text).join('')).toBe(DOCUMENT)
    expect(events.some(({ kind }) => kind === 'done')).toBe(false)
    const completionTokens = texts.reduce((sum, { tokens }) => sum + tokens, 0)
    await expect.poll(() => bills).toEqual([expect.objectContaining({ completionTokens })])
    const usedNano = bills[0]?.priceNano
    await expect
      .poll(() => client.service.receipts())
      .toContainEqual(expect.objectContaining({ finish: 'failed', completionTokens, usedNano }))
  })

  it('refuses a default request also on the session that an open one opened', async () => {
    await expect(ask(CHAT)).rejects.toMatchObject({ code: 'NO_PROVIDER' })
  })
})

describe('no flag makes an upstream confidential', () => {
  it('--tee is refused where a provider is composed', async () => {
    const starting = composeProvider({ ...providerOptions('liar'), tee: 'simulated' })
    await expect(starting).rejects.toMatchObject({ kind: 'config', code: 'UPSTREAM_TEE' })
  })

  it('nor does any TEE or GPU that can be named: no machine is even asked', async () => {
    const identity = keyOf('identity liar')
    const wanted = { place: 'upstream', identity } as const
    const openMachine = () => Promise.reject(new Error('a machine was asked'))
    const refusal = { code: 'UPSTREAM_TEE' }
    for (const tee of TEE_CHOICES.filter((one) => one !== 'auto')) {
      await expect(openQuotes(crypto, { ...wanted, tee }, openMachine)).rejects.toMatchObject(
        refusal,
      )
    }
    await expect(openQuotes(crypto, { ...wanted, gpus: 1 }, openMachine)).rejects.toMatchObject(
      refusal,
    )
    const quotes = await openQuotes(crypto, { ...wanted, tee: 'auto' }, openMachine)
    expect([quotes.tee, tierOf(quotes)]).toEqual(['none', 'open'])
  })
})
