/**
 * Cuts a session at every message and kills provider, client, both or neither at that moment. However it
 * ends, the next session makes both sides agree, the client lost at most a chunk and a half, and the
 * money of all the runs together is conserved on the chain.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyReceiptFile } from '#node/receipts/verify.ts'
import { toHex } from '#protocol/bytes.ts'
import { CHUNK_UNITS_MIN } from '#protocol/constants.ts'
import { unitsCostNano } from '#protocol/session/units.ts'
import { type ChannelState, currentRoot, usedTotalNano } from '#settlement/channel/state.ts'
import { eventually } from '../support/eventually.ts'
import { cutAt } from '../support/role-cut.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { CHAT, PRICES, TestClient, TestProvider } from '../support/role-peers.ts'

let network: RoleNetwork
beforeAll(async () => {
  network = await startRoleNetwork()
})
afterAll(() => network.stop())

/** What both sides must hold alike. */
function ledgerOf(state: ChannelState | undefined) {
  if (state === undefined) return undefined
  return {
    voucherNano: state.best.amountNano,
    voucherLeaves: state.best.leafCount,
    leaves: state.tree.count,
    root: toHex(currentRoot(state)),
    usedNano: usedTotalNano(state),
    openRequests: state.requests.length,
    status: state.status,
  }
}

async function agree(client: TestClient, provider: TestProvider) {
  const ofProvider = () => ledgerOf(provider.channels.all()[0]?.state)
  await eventually(() => ofProvider()?.voucherLeaves === client.desk.state.best.leafCount)
  expect(ofProvider()).toEqual(ledgerOf(client.desk.state))
  return ledgerOf(client.desk.state)
}

interface Run {
  readonly whole: boolean
  readonly receivedTokens: number
}

/** One chat that is cut at a message; whether it came to its end all the same. */
async function interrupted(
  client: TestClient,
  provider: TestProvider,
  message: number,
  onCut: () => void,
): Promise<Run> {
  const { cut, wrap } = cutAt(message, onCut)
  provider.wrap = wrap
  let receivedTokens = 0
  try {
    for await (const event of client.chatEvents()) {
      if (event.kind === 'text') receivedTokens += event.tokens
    }
  } catch {
    // What the caller of a chat sees of a crash is tested elsewhere; here the ledgers matter.
  }
  // The final voucher is still on its way when the answer is whole.
  const known = () => provider.channels.all()[0]?.state.best.leafCount
  await eventually(() => cut.done || known() === client.desk.state.best.leafCount)
  provider.wrap = (stream) => stream
  cut.passed = Number.NEGATIVE_INFINITY
  return { whole: !cut.done, receivedTokens }
}

/** A stranger's chunk all along: kept promises would make later chunks larger. */
function forgetPromises(client: TestClient, provider: TestProvider): void {
  client.store.setMeta(`kept-units:${provider.identity}`, '0')
  client.forgive()
}

const CHUNK_AND_HALF_NANO = unitsCostNano(
  { ...PRICES, promptNanoPerMtok: PRICES.completionNanoPerMtok },
  0,
  0,
  (CHUNK_UNITS_MIN * 3) / 2 + 1,
)

const WHO = {
  'nobody dies': [false, false],
  'the provider dies': [true, false],
  'the client dies': [false, true],
  'both die': [true, true],
} as const

test.each(Object.entries(WHO))(
  'every message of a session is cut: %s',
  async (name, [killProvider, killClient]) => {
    const provider = await TestProvider.start(network, `provider: ${name}`)
    const client = await TestClient.start(network, `client: ${name}`, [provider])
    let message = 1
    for (; ; message++) {
      await client.sessions.stop()
      forgetPromises(client, provider)
      const before = message === 1 ? 0n : usedTotalNano(client.desk.state)
      let dying: Promise<unknown> = Promise.resolve()
      const run = await interrupted(client, provider, message, () => {
        dying = Promise.all([killProvider && provider.crash(), killClient && client.crash()])
      })
      if (run.whole) break
      await dying
      if (killProvider) await provider.start()
      if (killClient) await client.start()
      forgetPromises(client, provider)
      const result = await client.chat({ maxTokens: 5 })
      const ledger = await agree(client, provider)
      const interruptedNano = (ledger?.usedNano ?? 0n) - before - result.priceNano
      const promptTokens = message < 8 ? 0 : result.usage.promptTokens
      const receivedNano = unitsCostNano(PRICES, promptTokens, 0, promptTokens + run.receivedTokens)
      expect(interruptedNano - receivedNano, `cut at ${message}`).toBeLessThanOrEqual(
        CHUNK_AND_HALF_NANO,
      )
      expect(ledger?.status).toBe('open')
    }
    expect(message).toBeGreaterThan(15)
    expect(client.codes.filter((code) => code.startsWith('CHANNEL'))).toEqual([])

    client.events.length = 0
    const [settled] = await client.settle()
    expect(client.events.filter(({ kind }) => kind === 'warning')).toEqual([])
    const ledger = ledgerOf(client.desk.state)
    expect(settled?.claimedNano).toBe(ledger?.usedNano)
    expect(settled?.refundedNano).toBe((settled?.depositedNano ?? 0n) - (ledger?.usedNano ?? 0n))
    const receipts = client.store.receipts()
    expect(receipts.length).toBeGreaterThan(15)
    for (const { file } of receipts.slice(0, 3)) {
      const verdict = await verifyReceiptFile(readFileSync(file), {
        network: network.file,
        chain: network.chain,
      })
      expect(verdict.steps.filter(({ status }) => status === 'failed')).toEqual([])
      expect(verdict.level).toBe('anchored')
    }
    await client.stop()
    await provider.stop()
    const totals = network.devchain.totals()
    expect(totals.balancesNano + totals.feesNano).toBe(totals.genesisNano)
  },
)

test('CHAT asks for more than one chunk', () => {
  expect(CHAT.maxTokens).toBeGreaterThan(2 * CHUNK_UNITS_MIN)
})
