/**
 * A name in a registry on a chain, for a user with nothing but its address: `cocoon models resolve` and `pull`,
 * over real libp2p, from a peer that has no say in what the name means.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildProgram } from '#node/cli/program.ts'
import { systemClock } from '#node/clock.ts'
import { startOfferPublisher } from '#node/market/offer-publisher.ts'
import { ModelNames } from '#node/models/names.ts'
import { serveModels } from '#node/models/serve.ts'
import { sharedModel } from '#node/models/shared-model.ts'
import { UploadBudget } from '#node/models/upload-budget.ts'
import type { Libp2pTransport } from '#node/network/libp2p-transport.ts'
import { modelNameMeta } from '#node/registry/model-names.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { modelFilesKey } from '#protocol/model/dht-keys.ts'
import { startDevchain } from '#settlement/devchain/server.ts'
import { type TestContext, testContext } from '#test/support/cli-context.ts'
import { rejectionCode } from '#test/support/error-code.ts'
import { eventually } from '#test/support/eventually.ts'
import { MemoryMarks, statementOf } from '#test/support/market-peers.ts'
import { type TestModel, testModel } from '#test/support/model-peers.ts'
import { type RoleNetwork, startRoleNetwork } from '#test/support/role-harness.ts'
import { RoleRegistry } from '#test/support/role-registry.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { createTestHost, silentLog, testIdentity } from '#test/support/test-peers.ts'

const cleanup = new AsyncDisposableStack()
let network: RoleNetwork
let registry: RoleRegistry
let model: TestModel
let address: string
let networkFile: string
let sharing: Libp2pTransport

beforeAll(async () => {
  network = await startRoleNetwork()
  cleanup.defer(() => network.stop())
  registry = await RoleRegistry.open(network)
  address = registry.address.toRawString()
  const home = mkdtempSync(path.join(tmpdir(), 'cocoon-names-'))
  cleanup.defer(() => rmSync(home, { recursive: true, force: true }))
  model = testModel(path.join(home, 'model'))
  networkFile = path.join(home, 'network.json')
  const host = { globalId: network.file.globalId, bootstrap: [] }
  sharing = await createTestHost({ number: 910, ...host })
  cleanup.defer(() => sharing.stop())
  const bootstrap = sharing.addresses()
  writeFileSync(networkFile, JSON.stringify({ ...network.file, bootstrap }))
  const other = await createTestHost({ number: 911, ...host, bootstrap })
  cleanup.defer(() => other.stop())
  await share(sharing, path.join(home, 'uploads.json'))
})
afterAll(() => cleanup.disposeAsync())

/** Hands the model out as a provider does whose owner opted in. */
async function share(transport: Libp2pTransport, file: string): Promise<void> {
  const caps = { bytesPerS: 2 ** 40, bytesPerDay: 2 ** 40 }
  await serveModels({
    ...{ transport, publications: [], log: silentLog, signal: new AbortController().signal },
    models: [sharedModel(model, model.folder, true, crypto)],
    budget: new UploadBudget(caps, file, { nowMs: () => 0 }, async () => undefined),
  })
  await eventually(async () => {
    await transport.provide(modelFilesKey(crypto, model.root))
    return true
  })
}

/** Sells models by names of its own choice. */
async function offer(...offered: readonly (readonly [Uint8Array, string])[]): Promise<void> {
  const publisher = await startOfferPublisher({
    ...{ transport: sharing, crypto, identity: testIdentity(910), clock: systemClock },
    ...{ globalId: network.file.globalId, log: silentLog, marks: new MemoryMarks() },
    statements: () => offered.map(([modelRoot, modelId]) => statementOf({ modelRoot, modelId })),
  })
  cleanup.defer(() => publisher.stop())
}

const models = (test: TestContext, ...words: string[]) =>
  buildProgram(test.context).parseAsync(
    ['models', ...words, '--network', networkFile, '--registry', address],
    { from: 'user' },
  )
const last = (test: TestContext) => JSON.parse(test.stdout().trim().split('\n').at(-1)!)
const entry = (name: string, root: Uint8Array) =>
  ({ kind: 'model', key: root, meta: modelNameMeta(crypto, name, root) }) as const

it('a name that no registry lists is nobody’s guess, and one that is proposed waits', async () => {
  const test = testContext()
  await registry.decide({ kind: 'propose', addition: entry('waiting', model.root) })
  for (const name of ['tiny', 'waiting']) {
    expect(await rejectionCode(models(test, 'resolve', name))).toBe('MODEL_NAME_UNKNOWN')
  }
})

it('pulls what the registry calls so, and says who named it', async () => {
  await registry.add(entry('tiny', model.root))
  const test = testContext()
  await models(test, 'pull', 'tiny', '--json')
  expect(last(test)).toMatchObject({
    ...{ kind: 'done', name: 'tiny', root: toHex(model.root) },
    origin: { kind: 'peers', namedBy: 'registry', registry: address, publisher: null },
  })
  await models(test, 'resolve', 'tiny', '--pin', '--json')
  expect(last(test)).toMatchObject({ root: toHex(model.root), namedBy: 'registry' })
  const names = new ModelNames(test.context.settings.dataRoot, crypto)
  expect(names.pins()).toEqual({ tiny: toHex(model.root) })
})

it('a newer model takes the name over; when it is revoked the older one has it again', async () => {
  const newer = new Uint8Array(32).fill(0x42)
  await registry.add(entry('tiny', newer))
  const test = testContext()
  await models(test, 'resolve', 'tiny')
  expect(test.stdout()).toBe(`tiny is ${toHex(newer)}, says registry ${address}\n`)
  await registry.decide({ kind: 'revoke', key: newer })
  await models(test, 'resolve', 'tiny', '--json')
  expect(last(test)).toMatchObject({ root: toHex(model.root) })
})

it('what is revoked is not pulled, and an endpoint that shows the past is refused', async () => {
  const past = await startDevchain({
    ...{ port: 0, clock: network.clock, globalId: network.file.globalId },
    snapshot: await network.devchain.snapshot(),
  })
  cleanup.defer(() => past.stop())
  const test = testContext()
  await registry.decide({ kind: 'revoke', key: model.root })
  expect(await rejectionCode(models(test, 'pull', 'tiny'))).toBe('REGISTRY_REVOKED')
  const there = path.join(temporaryFolder(), 'past.json')
  writeFileSync(there, JSON.stringify({ ...network.file, chainUrl: past.url }))
  const resolve = (on: TestContext) =>
    buildProgram(on.context).parseAsync(
      ['models', 'resolve', 'tiny', '--network', there, '--registry', address, '--json'],
      { from: 'user' },
    )
  expect(await rejectionCode(resolve(test))).toBe('REGISTRY_ROLLED_BACK')
  const seen = path.join(test.context.settings.dataRoot, 'models', 'registries')
  writeFileSync(path.join(seen, readdirSync(seen)[0]!), '{"torn')
  expect(await rejectionCode(resolve(test))).toBe('REGISTRY_SEEN_INVALID')
  // Whoever never saw the revocation cannot know better.
  const stranger = testContext()
  await resolve(stranger)
  expect(last(stranger)).toMatchObject({ root: toHex(model.root) })
})

it('lists what a registry holds: names known here, names that a provider tells, and those of nobody', async () => {
  const own = new RoleRegistry(network, 2n)
  const roots = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill))
  const names = ['pinned', 'offered', 'secret']
  for (const [at, name] of names.entries()) await own.add(entry(name, roots[at]!))
  await own.decide({ kind: 'revoke', key: roots[0]! })
  const test = testContext({ COCOON_REGISTRIES: own.address.toRawString() })
  new ModelNames(test.context.settings.dataRoot, crypto).pin('pinned', 'ab'.repeat(32))
  const list = async (...words: string[]) => {
    const asked = ['models', 'list', '--network', networkFile, ...words]
    await buildProgram(test.context).parseAsync(asked, { from: 'user' })
  }
  await list('--registry', '--no-ask', '--json')
  const at = (root: number) => ({ root: toHex(roots[root]!), sinceMs: expect.any(Number) })
  const listed = {
    ...{ address: own.address.toRawString(), sequence: 4 },
    models: [
      { ...at(0), name: 'pinned', status: 'revoked' },
      { ...at(2), name: null, status: 'active' },
      { ...at(1), name: null, status: 'active' },
    ],
  }
  expect(last(test)).toEqual(listed)
  expect(test.stderr()).toBe('')
  // Its word is only tried: the second of its names is not the one that the digest was made of.
  await offer([roots[1]!, 'offered'], [roots[2]!, 'a-lie'])
  listed.models[2]!.name = 'offered'
  await eventually(async () => {
    await list('--registry', own.address.toRawString(), '--json')
    expect(last(test)).toEqual(listed)
    return true
  })
  await list('--registry', '--no-ask')
  expect(test.stdout()).toContain(`?       ${toHex(roots[2]!)}  active `)
})

it('lists nothing of a registry that is not there, not of this network, older than seen, or not named', async () => {
  const list = (test: TestContext, ...words: string[]) =>
    rejectionCode(
      buildProgram(test.context).parseAsync(
        ['models', 'list', '--network', networkFile, '--no-ask', ...words],
        { from: 'user' },
      ),
    )
  expect(await list(testContext(), '--registry')).toBe('USAGE')
  expect(await list(testContext(), '--registry', 'here')).toBe('REGISTRY_ADDRESS')
  const nowhere = `0:${'ab'.repeat(32)}`
  expect(await list(testContext(), '--registry', nowhere)).toBe('REGISTRY_UNREADABLE')
  const seen = testContext()
  await models(seen, 'list', '--no-ask')
  const folder = path.join(seen.context.settings.dataRoot, 'models', 'registries')
  const file = path.join(folder, readdirSync(folder)[0]!)
  writeFileSync(file, readFileSync(file, 'utf8').replace(/sequence\\":\d+/, 'sequence\\":999'))
  expect(await list(seen, '--registry', address)).toBe('REGISTRY_ROLLED_BACK')
})
