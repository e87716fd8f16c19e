/** The audit explains what happened, and finds what was changed: by one nano, on the ledger or the chain. */
import { describe, expect, it } from 'vitest'
import { accountFlows } from '#node/audit/account-flows.ts'
import { auditStore } from '#node/audit/audit.ts'
import { auditReportSchema } from '#node/audit/document.ts'
import { toJson } from '#node/gateway/json.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import type { ChainReader } from '#settlement/types.ts'
import { claimMessage, coopCloseMessage, destroyMessage } from '#settlement/wallet/messages.ts'
import { CHUNK_NANO, TOKEN_NANO } from '../support/settling/billing.ts'
import { closeTogether } from '../support/settling/conversation.ts'
import { bestOf, DEPOSIT_NANO, Stage } from '../support/settling/stage.ts'

async function answered() {
  const stage = await Stage.open()
  const client = await stage.client('client')
  const provider = await stage.provider('provider')
  const pair = await stage.channel(client, provider)
  stage.answer(pair, 20)
  stage.answer(pair, 7)
  return { stage, client, provider, pair }
}

const USED_NANO = 27n * TOKEN_NANO
/** Two chunks for the first answer; the second found credit for nine tokens and prepaid the rest. */
const PREPAID_NANO = USED_NANO + CHUNK_NANO - 7n * TOKEN_NANO

describe('an audit', () => {
  it('explains an open channel on both sides, to the receipt', async () => {
    const { stage, client, provider } = await answered()
    for (const peer of [client, provider]) {
      const report = await stage.audit(peer)
      expect(report).toMatchObject({ isExplained: true, unexplainedNano: 0n, usedNano: USED_NANO })
      const [channel] = report.channels
      expect(channel?.deposit).toEqual({
        depositedNano: DEPOSIT_NANO,
        ...{ paidNano: 0n, paidForReceiptsNano: 0n, paidAheadNano: 0n, refundedNano: 0n },
        unusedNano: DEPOSIT_NANO,
      })
      expect(channel?.requests.map(({ leafIndex, usedNano }) => [leafIndex, usedNano])).toEqual([
        [0, 20n * TOKEN_NANO],
        [1, 7n * TOKEN_NANO],
      ])
    }
  })

  it('says what a claim took ahead of its receipts', async () => {
    const { stage, provider, pair } = await answered()
    await stage.send(provider.wallet, claimMessage(pair.client.state.terms, bestOf(pair)))
    const { deposit, isExplained } = await stage.audit(provider)
    expect(isExplained).toBe(true)
    expect(deposit).toMatchObject({
      paidNano: pair.provider.state.best.amountNano,
      paidForReceiptsNano: USED_NANO,
      paidAheadNano: pair.provider.state.best.amountNano - USED_NANO,
      unusedNano: DEPOSIT_NANO - pair.provider.state.best.amountNano,
    })
    expect(deposit.paidNano).toBeLessThanOrEqual(PREPAID_NANO)
  })

  it('explains a channel that was closed together and then destroyed', async () => {
    const { stage, client, provider, pair } = await answered()
    const { terms } = pair.client.state
    await stage.send(client.wallet, coopCloseMessage(terms, closeTogether(pair)))
    stage.chain.advance(10 * 86_400)
    await stage.send(client.wallet, destroyMessage(terms))
    for (const peer of [client, provider]) {
      const { deposit, account, isExplained } = await stage.audit(peer)
      expect(isExplained).toBe(true)
      expect(deposit).toMatchObject({
        depositedNano: DEPOSIT_NANO,
        paidNano: USED_NANO,
        refundedNano: DEPOSIT_NANO - USED_NANO,
        unusedNano: 0n,
      })
      expect(account.heldNano).toBe(0n)
      expect(account.rentReturnedNano).toBeGreaterThan(0n)
    }
  })

  it('comes back from a running peer as it was', async () => {
    const { stage, client } = await answered()
    const report = await stage.audit(client)
    expect(auditReportSchema.parse(JSON.parse(toJson(report)))).toEqual(report)
  })
})

describe('an audit finds', () => {
  const auditOn = async (
    { stage, client }: Awaited<ReturnType<typeof answered>>,
    chain: Partial<ChainReader>,
  ) => {
    const parts = { crypto: nodeCrypto, store: client.store }
    return auditStore({ ...parts, chain: { ...stage.chain.reader, ...chain } })
  }

  it('one nano that is on the account and in no transaction', async () => {
    const scene = await answered()
    const { reader } = scene.stage.chain
    const report = await auditOn(scene, {
      balance: async (address) => (await reader.balance(address)) + 1n,
    })
    expect(report).toMatchObject({ isExplained: false, unexplainedNano: 1n })
  })

  it('a transaction that is not in the history', async () => {
    const scene = await answered()
    const report = await auditOn(scene, { transactions: async () => [] })
    expect(report.isExplained).toBe(false)
    expect(report.unexplainedNano).toBeGreaterThan(0n)
  })

  it('a nano that the ledger records as used and no receipt states', async () => {
    const scene = await answered()
    const [row] = scene.client.store.loadChannels('client')
    const state = JSON.parse(row!.stateJson)
    state.settledNano = `${BigInt(state.settledNano) + 1n}`
    scene.client.store.saveChannel({ ...row!, stateJson: JSON.stringify(state) })
    const report = await auditOn(scene, {})
    expect(report).toMatchObject({ isExplained: false, unexplainedNano: 1n })
  })

  it('a claim of more than the best voucher that this side knows', async () => {
    const scene = await answered()
    const { stage, client, provider, pair } = scene
    const [row] = client.store.loadChannels('client')
    stage.answer(pair, 64)
    await stage.send(provider.wallet, claimMessage(pair.client.state.terms, bestOf(pair)))
    client.store.saveChannel(row!)
    const report = await auditOn(scene, {})
    const reasons = report.channels[0]!.discrepancies.map(({ reason }) => reason)
    expect(reasons).toContain('more was paid than the best voucher known here')
  })

  it('coins that the contract sent to somebody who has no claim to them', async () => {
    const { stage, client, provider, pair } = await answered()
    const { terms, address } = pair.client.state
    await stage.send(client.wallet, claimMessage(terms, bestOf(pair)))
    const history = await stage.chain.reader.transactions(address, 100)
    const stranger = (await stage.chain.party('stranger')).address
    const diverted = history.map((one) => ({
      ...one,
      sent: one.sent.map((message) =>
        message.peer.equals(provider.wallet.address) ? { ...message, peer: stranger } : message,
      ),
    }))
    expect(accountFlows(terms, history.toReversed()).discrepancies).toEqual([])
    expect(accountFlows(terms, diverted.toReversed()).discrepancies).toHaveLength(1)
  })
})
