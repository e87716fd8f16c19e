/** A client that names a registry: revocations end its sessions, the past is refused, another policy is said. */
import { Address } from '@ton/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { policyDigest } from '#attestation/policy/policy.ts'
import { REGISTRY_AGE_MS_MAX } from '#node/registry/constants.ts'
import { usedByPolicy } from '#node/registry/in-use.ts'
import { RegistryWatch } from '#node/registry/watch.ts'
import type { NodeEventBody } from '#node/roles/events.ts'
import type { MetaStore } from '#node/store/peer-store.ts'
import { fromHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { PolicyRoot } from '#settlement/registry/actions.ts'
import type { ChainReader } from '#settlement/types.ts'
import { rejectionCode } from '../support/error-code.ts'
import { type RoleNetwork, startRoleNetwork, trustOf } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'
import { RoleRegistry } from '../support/role-registry.ts'

let network: RoleNetwork
let provider: TestProvider
let salt = 10n

beforeAll(async () => {
  network = await startRoleNetwork()
  provider = await TestProvider.start(network, 'seller')
})
afterAll(async () => {
  await provider?.stop()
  await network?.stop()
})

let registry: RoleRegistry
beforeEach(async () => {
  salt++
  registry = await RoleRegistry.open(network, salt)
})

const bytes = (value: number): Uint8Array => new Uint8Array(32).fill(value)
const core = () => ({ modelRoot: network.modelRoot, runtimeDigest: trustOf(network).runtimeDigest })
const grownOld = (): void => network.advance(REGISTRY_AGE_MS_MAX / 1000 + 1)

/** SIMULATED disk: what a peer keeps of its registries. */
function memory(): MetaStore {
  const kept = new Map<string, string>()
  return {
    meta: (key) => kept.get(key),
    setMeta: (key, value) => void kept.set(key, value),
    eraseMeta: (key) => void kept.delete(key),
  }
}

function watch(changes: { chain?: ChainReader; store?: MetaStore; addresses?: Address[] } = {}) {
  const events: NodeEventBody[] = []
  const made = new RegistryWatch({
    chain: network.chain,
    clock: network.clock,
    crypto,
    store: memory(),
    policy: trustOf(network).policy,
    emit: (event) => events.push(event),
    addresses: [registry.address],
    ...changes,
  })
  return { require: () => made.require(core()), events }
}

describe('a client with a registry', () => {
  it('is served, until its model is revoked: then the open session ends within the age', async () => {
    const client = await TestClient.start(network, `buyer ${salt}`, [provider], {
      registries: [registry.address],
    })
    await client.chat({ maxTokens: 3 })
    await registry.decide({ kind: 'revoke', key: network.modelRoot })
    grownOld()
    const target = client.target(provider)
    expect(await rejectionCode(client.sessions.get(target))).toBe('REGISTRY_REVOKED')
    // The session is gone, and no new one begins.
    expect(await rejectionCode(client.sessions.get(target))).toBe('REGISTRY_REVOKED')
    await client.crash()
  })

  it.each([
    ['the runtime', () => trustOf(network).runtimeDigest],
    ['the policy', () => policyDigest(crypto, trustOf(network).policy)],
    [
      'a measurement',
      () => {
        const used = usedByPolicy(crypto, trustOf(network).policy)
        return fromHex(used.find(({ what }) => what.startsWith('the measurement'))!.key)
      },
    ],
  ])('refuses everything under %s once it is revoked', async (_, key) => {
    const { require } = watch()
    await require()
    await registry.decide({ kind: 'revoke', key: key() })
    grownOld()
    expect(await rejectionCode(require())).toBe('REGISTRY_REVOKED')
  })

  it('reads the chain once for many requests, and again when that is old', async () => {
    let reads = 0
    const counting: ChainReader = {
      ...network.chain,
      account: (address) => {
        reads++
        return network.chain.account(address)
      },
    }
    const { require } = watch({ chain: counting })
    await Promise.all([require(), require()])
    await require()
    expect(reads).toBe(1)
    grownOld()
    await require()
    expect(reads).toBe(2)
  })

  it('refuses when there is no registry at the address, and when the chain does not answer', async () => {
    const nowhere = watch({ addresses: [new Address(0, Buffer.alloc(32, 9))] })
    expect(await rejectionCode(nowhere.require())).toBe('REGISTRY_UNREADABLE')
    const silent: ChainReader = { ...network.chain, account: () => Promise.reject(new Error('no')) }
    await expect(watch({ chain: silent }).require()).rejects.toThrow('no')
  })

  it('refuses an older state than it saw, also after a restart', async () => {
    const old = await network.chain.account(registry.address)
    await registry.decide({ kind: 'revoke', key: bytes(0xdd) })
    const store = memory()
    await watch({ store }).require()
    const past: ChainReader = { ...network.chain, account: async () => old }
    expect(await rejectionCode(watch({ store, chain: past }).require())).toBe(
      'REGISTRY_ROLLED_BACK',
    )
    await watch({ store }).require()
  })
})

describe("the registry's policy", () => {
  const policyRoot = (changes: Partial<PolicyRoot>): PolicyRoot => ({
    epoch: 1,
    policyHash: policyDigest(crypto, trustOf(network).policy),
    previousHash: bytes(0),
    activationTime: 0,
    logSize: 1n,
    logRoot: bytes(2),
    floors: { tdxEvaluationNumber: 1, snpTcbGenoa: 1n, snpTcbTurin: 1n },
    ...changes,
  })

  it('is compared with the one in force: another one is said once an epoch, and not imposed', async () => {
    const first = policyRoot({ activationTime: Math.floor(network.clock.nowMs() / 1000) + 200_000 })
    await registry.add({ kind: 'policy', policy: first })
    const { require, events } = watch()
    await require()
    expect(events).toEqual([])
    const second = policyRoot({
      epoch: 2,
      policyHash: bytes(7),
      previousHash: first.policyHash,
      activationTime: first.activationTime + 200_000,
    })
    await registry.add({ kind: 'policy', policy: second })
    grownOld()
    await require()
    grownOld()
    await require()
    expect(events).toMatchObject([{ kind: 'warning', code: 'REGISTRY_POLICY_DIFFERS' }])
  })
})
