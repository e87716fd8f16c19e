/** The registry: who may decide, what waits, what does not, and what never comes back. */
import { describe, expect, it } from 'vitest'
import { toHex } from '#protocol/bytes.ts'
import { PRICE_TABLES } from '#settlement/devchain/prices.ts'
import {
  type Addition,
  additionCell,
  type Decision,
  type PolicyRoot,
  signAction,
} from '#settlement/registry/actions.ts'
import { decideMessage, payRentMessage, registryAddress } from '#settlement/registry/registry.ts'
import { crypto, NOW_S } from './channel-fixture.ts'
import { bytes, model, owners, POLICY, RegistryBench, TIMELOCK_S } from './registry-bench.ts'

const DAY_S = 86_400
const SECOND: PolicyRoot = { ...POLICY, epoch: 2, policyHash: bytes(9), previousHash: bytes(1) }

describe.each(PRICE_TABLES)('the registry at prices %s', (prices) => {
  const open = (changes = {}) => RegistryBench.open(prices, changes)

  it('lets additions wait and anybody apply them', async () => {
    const bench = await open()
    await bench.propose(model(5))
    expect((await bench.state()).proposals.size).toBe(1)
    expect((await bench.apply(model(5))).exitCode).toBe(414)
    bench.wait(TIMELOCK_S - 1)
    expect((await bench.apply(model(5))).exitCode).toBe(414)
    bench.wait(1)
    expect((await bench.apply(model(5))).success).toBe(true)
    const state = await bench.state()
    const entry = { kind: 'model', status: 'active', meta: bytes(0x77) }
    expect(state.entries.get(toHex(bytes(5)))).toMatchObject(entry)
    expect([state.sequence, state.version, state.proposals.size]).toEqual([1, 1, 0])
    expect((await bench.apply(model(5))).exitCode).toBe(429)
  })

  it('needs enough owners, each once, each valid, for this registry, now, in order', async () => {
    const bench = await open()
    expect((await bench.propose(model(5), [0])).exitCode).toBe(428)
    expect((await bench.propose(model(5), [0, 3])).exitCode).toBe(401)
    const action = bench.action({ kind: 'propose', addition: model(5) })
    const signature = signAction(crypto, owners[0]!, action)
    const twice = new Map([
      [0, signature],
      [1, signature],
    ])
    const copied = decideMessage(bench.terms, action, twice)
    expect((await bench.bench.send(bench.bench.stranger, copied)).exitCode).toBe(401)
    const decision: Decision = { kind: 'propose', addition: model(5) }
    const elsewhere = registryAddress({ ...bench.terms, salt: 2n })
    expect((await bench.decide(decision, [0, 1], { registry: elsewhere })).exitCode).toBe(403)
    const late = { validUntil: (bench.bench.chain.now ?? 0) - 1 }
    expect((await bench.decide(decision, [0, 1], late)).exitCode).toBe(406)
    expect((await bench.decide(decision, [0, 1], { sequence: 2 })).exitCode).toBe(427)
    expect((await bench.decide(decision)).success).toBe(true)
    expect((await bench.decide(decision, [0, 1], { sequence: 1 })).exitCode).toBe(427)
  })

  it('revokes at once with fewer signatures, for good, known or not', async () => {
    const bench = await open()
    await bench.add(model(5))
    expect((await bench.decide({ kind: 'revoke', key: bytes(5) }, [2])).success).toBe(true)
    const revoked = (await bench.state()).entries.get(toHex(bytes(5)))
    expect(revoked).toMatchObject({ kind: 'model', status: 'revoked' })
    expect((await bench.decide({ kind: 'revoke', key: bytes(5) }, [2])).exitCode).toBe(404)
    expect((await bench.propose(model(5))).exitCode).toBe(433)
    // Revoked while it waits: it cannot be applied.
    await bench.propose(model(6))
    await bench.decide({ kind: 'revoke', key: bytes(6) }, [0])
    bench.wait(TIMELOCK_S)
    expect((await bench.apply(model(6))).exitCode).toBe(433)
    expect((await bench.state()).entries.get(toHex(bytes(6)))?.kind).toBe(undefined)
  })

  it('cancels a proposal at once', async () => {
    const bench = await open()
    await bench.propose(model(5))
    const proposal = new Uint8Array(additionCell(model(5)).hash())
    expect((await bench.decide({ kind: 'cancel', proposal }, [1])).success).toBe(true)
    expect((await bench.decide({ kind: 'cancel', proposal }, [1])).exitCode).toBe(429)
    bench.wait(TIMELOCK_S)
    expect((await bench.apply(model(5))).exitCode).toBe(429)
  })

  it('lets a proposal that nobody applied in time lapse', async () => {
    const bench = await open()
    await bench.propose(model(5))
    bench.wait(TIMELOCK_S + 90 * DAY_S + 1)
    expect((await bench.apply(model(5))).success).toBe(true)
    const { entries, proposals, version } = await bench.state()
    expect([entries.size, proposals.size, version]).toEqual([0, 0, 0])
  })

  it('keeps policies in one line whose floors only rise', async () => {
    const bench = await open()
    expect((await bench.propose({ kind: 'policy', policy: SECOND })).exitCode).toBe(432)
    expect((await bench.add({ kind: 'policy', policy: POLICY })).success).toBe(true)
    const { policy } = await bench.state()
    expect(policy).toMatchObject({ epoch: 1, policyHash: bytes(1), logSize: 10n })
    expect(policy?.activationTime).toBe(bench.bench.chain.now)
    const floors = POLICY.floors
    const wrong: Partial<PolicyRoot>[] = [
      { epoch: 3 },
      { previousHash: bytes(8) },
      { logSize: 9n },
      { floors: { ...floors, tdxEvaluationNumber: 16 } },
      { floors: { ...floors, snpTcbGenoa: 4n } },
      { floors: { ...floors, snpTcbTurin: 5n } },
    ]
    for (const change of wrong) {
      const sent = await bench.propose({ kind: 'policy', policy: { ...SECOND, ...change } })
      expect(sent.exitCode).toBe(432)
    }
    const activationTime = NOW_S + 40 * DAY_S
    const policyTwo: Addition = { kind: 'policy', policy: { ...SECOND, activationTime } }
    expect((await bench.add(policyTwo)).success).toBe(true)
    expect((await bench.state()).policy).toMatchObject({ epoch: 2, activationTime })
  })

  it('leaves rent for what it adds, takes gifts of rent, and returns the rest', async () => {
    const bench = await open()
    const before = await bench.bench.stranger.getBalance()
    await bench.propose(model(5))
    const held = await bench.bench.balance(bench.address)
    expect(held).toBeGreaterThan(0n)
    const spent = before - (await bench.bench.stranger.getBalance())
    expect(spent - held).toBeLessThan(30_000_000n)
    await bench.bench.send(bench.bench.client, payRentMessage(bench.terms, 1_000_000n))
    expect(await bench.bench.balance(bench.address)).toBe(held + 1_000_000n)
  })

  it.each([
    ['of another network', { globalId: -239 }, 417],
    ['without a threshold', { threshold: 0 }, 418],
    ['that anybody may revoke', { revokeThreshold: 0 }, 418],
    ['that revoke with more than they add', { revokeThreshold: 3 }, 418],
    ['without a day to see additions come', { timelock: DAY_S - 1 }, 418],
    ['that wait for ever', { timelock: 90 * DAY_S + 1 }, 418],
  ])('refuses terms %s', async (_, changes, exitCode) => {
    const bench = await open(changes)
    expect((await bench.propose(model(5))).exitCode).toBe(exitCode)
  })

  it('holds no more proposals than it can afford to look through', async () => {
    const bench = await open()
    for (let key = 0; key < 32; key++) {
      expect((await bench.propose(model(key))).success).toBe(true)
    }
    expect((await bench.propose(model(40))).exitCode).toBe(430)
  })
})
