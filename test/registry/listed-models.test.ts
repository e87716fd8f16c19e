/** What a registry lists: names by their digests alone, and states that no contract can have. */
import { beginCell, type Cell, Dictionary } from '@ton/core'
import { describe, expect, it } from 'vitest'
import { LISTED_NAMES_TRIED_MAX } from '#node/registry/constants.ts'
import { listedModels } from '#node/registry/listed-models.ts'
import { modelNameMeta, rootNamed } from '#node/registry/model-names.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { CONTRACT_TREE_CELLS_MAX } from '#settlement/constants.ts'
import { REGISTRY_CODE } from '#settlement/contracts/code.ts'
import { REGISTRY_ENTRIES_MAX } from '#settlement/registry/constants.ts'
import {
  decideMessage,
  type RegistryEntry,
  type RegistryOnChain,
  type RegistryTerms,
  readRegistry,
  registryAddress,
} from '#settlement/registry/registry.ts'
import { keyOf } from '../support/role-harness.ts'

const terms: RegistryTerms = {
  ...{ globalId: 7, threshold: 1, revokeThreshold: 1, timelock: 86_400, salt: 1n },
  owners: [keyOf('registrar').publicKey],
}
const rootOf = (fill: number) => new Uint8Array(32).fill(fill)
const hexOf = (fill: number) => toHex(rootOf(fill))

function entryOf(fill: number, name: string, over: Partial<RegistryEntry> = {}) {
  const meta = modelNameMeta(crypto, name, rootOf(fill))
  const entry: RegistryEntry = { kind: 'model', status: 'active', since: fill, meta, ...over }
  return [hexOf(fill), entry] as const
}

function registryOf(...entries: (readonly [string, RegistryEntry])[]): RegistryOnChain {
  const state = { sequence: 1, version: 1, policy: undefined, proposals: new Map() }
  return { terms, ...state, entries: new Map(entries) }
}

describe('names', () => {
  it('are shown only where they and the root give the digest, newest first', () => {
    const registry = registryOf(
      entryOf(1, 'tiny'),
      entryOf(2, 'secret'),
      // Another model's digest under this root.
      entryOf(3, 'tiny', { meta: modelNameMeta(crypto, 'tiny', rootOf(1)) }),
      entryOf(4, 'gone', { status: 'revoked' }),
      entryOf(5, 'tiny', { kind: 'measurement' }),
      entryOf(6, 'x', { kind: undefined, status: 'revoked' }),
    )
    const proposed = ['tiny', 'gone', 'NOT A NAME', 'other', 'tiny']
    expect(listedModels(crypto, registry, proposed)).toEqual([
      { rootHex: hexOf(4), name: 'gone', status: 'revoked', since: 4 },
      { rootHex: hexOf(3), name: undefined, status: 'active', since: 3 },
      { rootHex: hexOf(2), name: undefined, status: 'active', since: 2 },
      { rootHex: hexOf(1), name: 'tiny', status: 'active', since: 1 },
    ])
    expect(listedModels(crypto, registryOf(), proposed)).toEqual([])
  })

  it('of several entries mean what resolving gives', () => {
    const older = [entryOf(1, 'tiny'), entryOf(2, 'tiny')] as const
    const status = (registry: RegistryOnChain) =>
      listedModels(crypto, registry, ['tiny']).map((one) => [one.rootHex, one.status])
    expect(status(registryOf(...older))).toEqual([
      [hexOf(2), 'active'],
      [hexOf(1), 'replaced'],
    ])
    expect(rootNamed(crypto, registryOf(...older), 'tiny')).toBe(hexOf(2))
    const same = registryOf(...older, entryOf(3, 'tiny', { since: 2 }))
    expect(status(same).map(([, one]) => one)).toEqual(['ambiguous', 'ambiguous', 'replaced'])
    expect(() => rootNamed(crypto, same, 'tiny')).toThrow(
      expect.objectContaining({ code: 'MODEL_NAME_AMBIGUOUS' }),
    )
    const revoked = registryOf(older[0], entryOf(2, 'tiny', { status: 'revoked' }))
    expect(status(revoked).map(([, one]) => one)).toEqual(['revoked', 'active'])
  })

  it('beyond the limit are not tried', () => {
    const crowd = Array.from({ length: LISTED_NAMES_TRIED_MAX }, (_, at) => `name-${at}`)
    const registry = registryOf(entryOf(1, 'tiny'))
    expect(listedModels(crypto, registry, [...crowd, 'tiny'])[0]?.name).toBeUndefined()
    expect(listedModels(crypto, registry, ['tiny', ...crowd])[0]?.name).toBe('tiny')
  })
})

describe('a state that no registry can have', () => {
  const address = registryAddress(terms)

  /** The first state of the registry with these entries, as an endpoint may claim it. */
  function claimed(entries: Cell | null) {
    const first = decideMessage(terms, emptyAction(), new Map()).stateInit!.data!
    const slice = first.beginParse()
    const head = slice.loadBits(88)
    slice.loadMaybeRef()
    slice.loadMaybeRef()
    const data = beginCell().storeBits(head).storeMaybeRef(null).storeMaybeRef(entries)
    const whole = data.storeSlice(slice).endCell()
    return { code: REGISTRY_CODE.toBoc(), data: whole.toBoc() }
  }
  const emptyAction = () =>
    ({
      ...{ registry: address, sequence: 1, validUntil: 1 },
      decision: { kind: 'revoke', key: rootOf(1) },
    }) as const

  function entriesOf(count: number): Cell {
    const dictionary = Dictionary.empty(Dictionary.Keys.BigUint(256), {
      serialize: (_: null, builder) =>
        void builder.storeUint(1, 8).storeUint(1, 8).storeUint(0, 288),
      parse: () => null,
    })
    for (let at = 0; at < count; at++) dictionary.set(BigInt(at), null)
    return beginCell().storeDictDirect(dictionary).endCell()
  }

  it('is read at the limit of the contract, and refused beyond it', () => {
    const full = readRegistry(address, claimed(entriesOf(REGISTRY_ENTRIES_MAX)))
    expect(full?.entries.size).toBe(REGISTRY_ENTRIES_MAX)
    expect(readRegistry(address, claimed(entriesOf(REGISTRY_ENTRIES_MAX + 1)))).toBeUndefined()
  })

  /** 2 ** forks entries of one cell. */
  function shared(forks: number): Cell {
    // hml_same: the rest of the key is zeros; then the value.
    const label = beginCell()
      .storeUint(0b110, 3)
      .storeUint(256 - forks, 8)
    let cell = label.storeUint(1, 8).storeUint(1, 8).storeUint(0, 288).endCell()
    for (let fork = 0; fork < forks; fork++) {
      cell = beginCell().storeUint(0, 2).storeRef(cell).storeRef(cell).endCell()
    }
    return cell
  }

  it('is refused at once when shared cells stand for more entries than there is memory', () => {
    expect(readRegistry(address, claimed(shared(10)))?.entries.size).toBe(2 ** 10)
    const bomb = claimed(shared(40))
    expect(bomb.data.length).toBeLessThan(1_000)
    expect(2 ** 40).toBeGreaterThan(CONTRACT_TREE_CELLS_MAX)
    expect(readRegistry(address, bomb)).toBeUndefined()
  })

  it('with other terms is no registry of this address', () => {
    const other = registryAddress({ ...terms, salt: 2n })
    expect(readRegistry(address, claimed(null))?.entries.size).toBe(0)
    expect(readRegistry(other, claimed(null))).toBeUndefined()
  })
})
