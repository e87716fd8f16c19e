/** What is paid ahead on one channel is bounded, however many answers run and whatever the provider does. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeSessionMessage } from '#protocol/session/frames.ts'
import { exposureMaxNano } from '#protocol/session/units.ts'
import type { MessageStream } from '#protocol/transport.ts'
import { eventually } from '../support/eventually.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { PRICES, TestClient, TestProvider } from '../support/role-peers.ts'

let network: RoleNetwork
beforeAll(async () => {
  network = await startRoleNetwork()
})
afterAll(() => network.stop())

/** Allows 256 units a chunk, and 8 streams or more at once. */
const KEPT_UNITS = 4_096
const STREAMS = 8

/** Takes the channel and every payment, and says nothing more: what any provider could keep. */
function takesAndKeeps(stream: MessageStream): MessageStream {
  let sealed = 0
  return {
    remote: stream.remote,
    receive: () => stream.receive(),
    close: () => stream.close(),
    abort: (reason) => stream.abort(reason),
    async send(bytes) {
      const isAccept = decodeSessionMessage(bytes).kind === 'frame' && sealed++ === 0
      if (sealed <= 1 || isAccept) await stream.send(bytes)
    },
  }
}

test('exposureMaxNano: a provider that takes payments and delivers nothing gets no more than the bound', async () => {
  const provider = await TestProvider.start(network, 'keeps', { slotsTotal: STREAMS })
  provider.wrap = takesAndKeeps
  const client = await TestClient.start(network, 'pays ahead', [provider])
  client.store.setMeta(`kept-units:${provider.identity}`, `${KEPT_UNITS}`)
  const answers = Array.from({ length: STREAMS }, async (_, seed) => {
    for await (const _event of client.chatEvents({ maxTokens: 400, seed: BigInt(seed) })) break
  })
  const ended = Promise.allSettled(answers)
  const boundNano = exposureMaxNano(PRICES, KEPT_UNITS)
  // Every stream has had its chance to pay: it has paid, or it stands in line for what it may not pay yet.
  const paying = () => client.funding.desks[0]?.state.requests.length ?? 0
  await eventually(() => paying() > 0 && paying() + client.sessions.waiting.size === STREAMS)
  network.advance(120)
  await ended
  const { best, requests } = client.funding.desks[0]!.state
  expect(best.amountNano).toBeGreaterThan(boundNano / 4n)
  expect(best.amountNano).toBeLessThanOrEqual(boundNano)
  expect(requests.length).toBeGreaterThan(1)
  await client.stop()
  await provider.stop()
})
