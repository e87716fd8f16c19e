/** Which name means which root: pins, publishers, and never the peer that serves it. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { fetchPublication } from '#node/models/fetch-publication.ts'
import { withKnownModels } from '#node/models/known-models.ts'
import { ModelNames } from '#node/models/names.ts'
import { publicationBytesOf, readPublication } from '#node/models/publication-document.ts'
import { type NameAuthorities, type NameQuestion, resolveName } from '#node/models/resolve-name.ts'
import { ModelStore } from '#node/models/store.ts'
import { UploadBudget } from '#node/models/upload-budget.ts'
import { modelNameMeta } from '#node/registry/model-names.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import { fromHex, toHex, utf8 } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { UnavailableError } from '#protocol/errors.ts'
import { modelNameKey } from '#protocol/model/dht-keys.ts'
import { publicationBytes, signPublication } from '#protocol/model/publication.ts'
import type { RegistryEntry, RegistryOnChain } from '#settlement/registry/registry.ts'
import { errorCode, rejectionCode } from '#test/support/error-code.ts'
import { found, ModelPeers, testModel } from '#test/support/model-peers.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { testIdentity } from '#test/support/test-peers.ts'

const publisher = testIdentity(901)
const rootA = 'aa'.repeat(32)
const rootB = 'bb'.repeat(32)
const word = (root: string, sequence = 1, key = publisher, name = 'tiny') =>
  signPublication(crypto, key, { name, root: fromHex(root), licence: 'MIT', sequence })
const signal = new AbortController().signal

/** Without a network: nobody has a newer word. */
const meaning = (
  names: ModelNames,
  name = 'tiny',
  question: Partial<NameQuestion> = {},
  more: Partial<NameAuthorities> = {},
) =>
  resolveName(
    { name, ...question },
    { crypto, names, ask: async () => undefined, registries: [], network: () => [], ...more },
  )

describe('names', () => {
  it('a pin is what the owner said, kept on the disk, and goes before every publisher', async () => {
    const root = temporaryFolder()
    const names = new ModelNames(root, crypto)
    names.trust(publisher.publicKey)
    names.hear(word(rootA))
    expect(await meaning(names)).toMatchObject({ rootHex: rootA, namedBy: 'publisher' })
    names.pin('tiny', rootB)
    const again = new ModelNames(root, crypto)
    expect(await meaning(again)).toMatchObject({ rootHex: rootB, namedBy: 'pin' })
    expect(names.unpin('tiny')).toBe(true)
    expect((await meaning(names)).rootHex).toBe(rootA)
    expect(await rejectionCode(meaning(names, 'constructor'))).toBe('MODEL_NAME_UNKNOWN')
  })

  it('a publisher counts only while it is trusted', async () => {
    const names = new ModelNames(temporaryFolder(), crypto)
    names.hear(word(rootA))
    expect(await rejectionCode(meaning(names))).toBe('MODEL_NAME_UNKNOWN')
    names.trust(publisher.publicKey)
    expect((await meaning(names)).rootHex).toBe(rootA)
    names.distrust(publisher.publicKey)
    expect(await rejectionCode(meaning(names))).toBe('MODEL_NAME_UNKNOWN')
    expect(names.publications()).toEqual([])
  })

  it('the newest word counts; an older one, or another of the same number, is refused', async () => {
    const names = new ModelNames(temporaryFolder(), crypto)
    names.trust(publisher.publicKey)
    names.hear(word(rootA, 2))
    names.hear(word(rootA, 2))
    expect(errorCode(() => names.hear(word(rootB, 1)))).toBe('MODEL_PUBLICATION_ROLLED_BACK')
    expect(errorCode(() => names.hear(word(rootB, 2)))).toBe('MODEL_PUBLICATION_ROLLED_BACK')
    names.hear(word(rootB, 3))
    expect((await meaning(names)).rootHex).toBe(rootB)
  })

  it('two trusted publishers that disagree are nobody’s guess', async () => {
    const names = new ModelNames(temporaryFolder(), crypto)
    const other = testIdentity(902)
    for (const key of [publisher, other]) names.trust(key.publicKey)
    names.hear(word(rootA))
    names.hear(word(rootB, 1, other))
    expect(await rejectionCode(meaning(names))).toBe('MODEL_NAME_AMBIGUOUS')
    const only = { publisher: toHex(other.publicKey) }
    expect((await meaning(names, 'tiny', { only })).rootHex).toBe(rootB)
  })

  it('what was changed after it was signed is no publication', () => {
    const good = word(rootA)
    const text = Buffer.from(publicationBytesOf(good)).toString()
    expect(readPublication(utf8(text), crypto)).toEqual(good)
    const changes: [string, string][] = [
      [rootA, rootB],
      ['"tiny"', '"tinx"'],
      ['"MIT"', '"GPL"'],
      [':1,', ':2,'],
      [toHex(publisher.publicKey), toHex(testIdentity(903).publicKey)],
      ['{', ''],
    ]
    for (const [from, to] of changes) {
      expect(errorCode(() => readPublication(utf8(text.replace(from, to)), crypto))).toBe(
        'MODEL_PUBLICATION_INVALID',
      )
    }
    expect(
      errorCode(() => new ModelNames(temporaryFolder(), crypto).hear({ ...good, licence: 'x' })),
    ).toBe('MODEL_PUBLICATION_INVALID')
  })

  it('what is signed has the bytes of docs/spec/models.md', () => {
    const field = (bytes: Uint8Array) => [0, 0, 0, bytes.length, ...bytes]
    const { root, publisher: key } = word(rootA, 258)
    const sequence = [0, 0, 0, 0, 0, 0, 1, 2]
    expect([...publicationBytes(word(rootA, 258))]).toEqual([
      ...[...utf8('cocoon/model-publication/1'), 0],
      ...[utf8('tiny'), root, utf8('MIT'), Uint8Array.from(sequence), key].flatMap(field),
    ])
  })

  it('a names file that cannot be read is an error, not an empty one', () => {
    const root = temporaryFolder()
    const names = new ModelNames(root, crypto)
    names.pin('tiny', rootA)
    writeFileSync(path.join(root, 'models', 'names.json'), '{"pins":')
    expect(errorCode(() => names.pinned('tiny'))).toBe('MODEL_NAMES_INVALID')
  })
})

describe('names in registries that the owner configured', () => {
  const entry = (root: string, more: Partial<RegistryEntry> = {}, name = 'tiny') => {
    const meta = modelNameMeta(crypto, name, fromHex(root))
    return [root, { kind: 'model', status: 'active', since: 100, meta, ...more }] as const
  }
  const registry = (address: string, ...entries: (readonly [string, RegistryEntry])[]) => ({
    address,
    read: async () => ({ entries: new Map(entries) }) as unknown as RegistryOnChain,
  })
  const ask = (
    registries: NameAuthorities['registries'],
    names?: ModelNames,
    only?: 'registries',
  ) => meaning(names ?? new ModelNames(temporaryFolder(), crypto), 'tiny', { only }, { registries })

  it('count after pins and publishers: the last that was added, and never another kind or name', async () => {
    const entries = [
      entry(rootA),
      entry(rootB, { since: 200 }),
      entry('cc'.repeat(32), { since: 300 }, 'other'),
      entry('dd'.repeat(32), { since: 300, kind: 'measurement' }),
    ]
    const one = registry('0:1', ...entries)
    expect(await ask([one])).toEqual({
      ...{ rootHex: rootB, namedBy: 'registry', registry: '0:1', publication: undefined },
    })
    const names = new ModelNames(temporaryFolder(), crypto)
    names.trust(publisher.publicKey)
    names.hear(word(rootB))
    expect(await ask([one], names)).toMatchObject({ rootHex: rootB, namedBy: 'publisher' })
    names.pin('tiny', rootA)
    const unreadable = { address: '0:2', read: () => Promise.reject(new Error('no chain')) }
    expect(await ask([unreadable], names)).toMatchObject({ rootHex: rootA, namedBy: 'pin' })
    expect(await rejectionCode(ask([registry('0:1')]))).toBe('MODEL_NAME_UNKNOWN')
  })

  it('that disagree, with each other or with a publisher, are an error that says who', async () => {
    const [one, other] = [registry('0:1', entry(rootA)), registry('0:2', entry(rootB))]
    expect(await rejectionCode(ask([one, other]))).toBe('MODEL_NAME_AMBIGUOUS')
    const names = new ModelNames(temporaryFolder(), crypto)
    names.trust(publisher.publicKey)
    names.hear(word(rootA))
    await expect(ask([other], names)).rejects.toMatchObject({
      code: 'MODEL_NAME_AMBIGUOUS',
      data: { [`publisher ${toHex(publisher.publicKey)}`]: rootA, 'registry 0:2': rootB },
    })
    expect((await ask([other], names, 'registries')).rootHex).toBe(rootB)
    const twice = registry('0:1', entry(rootA), entry(rootB))
    expect(await rejectionCode(ask([twice]))).toBe('MODEL_NAME_AMBIGUOUS')
  })

  it('refuse what one of them revoked, whoever names it, and ask nobody else when unreadable', async () => {
    const revoked = entry(rootA, { status: 'revoked' })
    expect(await rejectionCode(ask([registry('0:1', revoked)]))).toBe('REGISTRY_REVOKED')
    const both = [registry('0:1', entry(rootA)), registry('0:2', revoked)]
    expect(await rejectionCode(ask(both))).toBe('REGISTRY_REVOKED')
    const names = new ModelNames(temporaryFolder(), crypto)
    names.trust(publisher.publicKey)
    names.hear(word(rootA))
    const bare = entry(rootA, { status: 'revoked', kind: undefined, meta: new Uint8Array(32) })
    expect(await rejectionCode(ask([registry('0:1', bare)], names))).toBe('REGISTRY_REVOKED')
    const failure = new UnavailableError('CHAIN_UNREACHABLE', 'no chain')
    const unreadable = { address: '0:2', read: () => Promise.reject(failure) }
    expect(await rejectionCode(ask([unreadable], names))).toBe('CHAIN_UNREACHABLE')
    const next = registry('0:1', revoked, entry(rootB, { since: 50 }))
    expect((await ask([next])).rootHex).toBe(rootB)
  })
})

it('a publication comes from peers, its signature decides: forged and older ones do not count', async () => {
  const model = testModel()
  const peers = new ModelPeers()
  const key = modelNameKey(crypto, publisher.publicKey, 'tiny')
  const forged = { ...word(rootB, 9), root: fromHex(rootA) }
  for (const publication of [word(rootA, 1), word(rootB, 2)]) {
    await (await peers.honest(model, { publications: [publication] })).provide(key)
  }
  const liar = await peers.liar(model.root, async () => found(publicationBytesOf(forged)))
  await liar.provide(key)
  const other = await peers.liar(model.root, async () =>
    found(publicationBytesOf(word(rootA, 99, testIdentity(904)))),
  )
  await other.provide(key)
  const components = { transport: peers.join(), crypto, stallMs: 500 }
  const newest = await fetchPublication(components, publisher.publicKey, 'tiny', signal)
  expect(newest).toEqual(word(rootB, 2))
})

it('a pin goes before the network file, and adds names to it', () => {
  const dataRoot = temporaryFolder()
  const names = new ModelNames(dataRoot, crypto)
  names.pin('mine', rootB)
  const demo = { id: 'demo', root: rootA, folder: '/demo' }
  const network = { models: [demo] } as unknown as NetworkFile
  const known = () => withKnownModels(network, new ModelStore(dataRoot), names).models
  expect(known()).toEqual([demo, { id: 'mine', root: rootB }])
  const other = 'cc'.repeat(32)
  names.pin('demo', other)
  // The folder that the network names holds the network's model, not the owner's.
  expect(known()).toEqual([
    { id: 'demo', root: other },
    { id: 'mine', root: rootB },
  ])
})

it('bytes of a day are on the disk before they are sent; a crash forgets none of them', () => {
  const file = path.join(temporaryFolder(), 'uploads.json')
  let nowMs = 0
  const caps = { bytesPerS: 1, bytesPerDay: 100_000_000 }
  const budget = () => new UploadBudget(caps, file, { nowMs: () => nowMs }, async () => undefined)
  expect(budget().reserve(60_000_000)).toBe(true)
  expect(budget().reserve(60_000_000)).toBe(false)
  expect(budget().reserve(1_000_000)).toBe(true)
  nowMs += 86_400_000
  expect(budget().reserve(60_000_000)).toBe(true)
  writeFileSync(file, 'torn')
  expect(budget().reserve(1)).toBe(false)
})
