/**
 * What a name means, by everybody who may say so: the owner's pin, then trusted publishers and the
 * registries that the owner named, then the network file. docs/spec/models.md, "Names".
 */
import { equal, toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { SignedPublication } from '#protocol/model/publication.ts'
import type { RegistryOnChain } from '#settlement/registry/registry.ts'
import { requireModelNotRevoked, rootNamed } from '../registry/model-names.ts'
import { type ModelNames, type NamedRoot, requireModelName } from './names.ts'

/** A registry that the owner named. */
export interface NamingRegistry {
  /** Raw. */
  readonly address: string
  /** As the chain has it now; rejects when it cannot be read or is older than it was. */
  read(): Promise<RegistryOnChain>
}

export interface NameQuestion {
  readonly name: string
  /** Whose word counts alone; undefined: that of all, in their order. */
  readonly only?: { readonly publisher: string } | 'registries' | undefined
}

export interface NameAuthorities {
  readonly crypto: CryptoPort
  readonly names: ModelNames
  /** A publisher's newest word, from peers. */
  readonly ask: (publisher: Uint8Array, name: string) => Promise<SignedPublication | undefined>
  readonly registries: readonly NamingRegistry[]
  /** Of the network file. */
  readonly network: () => readonly { readonly id: string; readonly root: string }[]
}

/**
 * A pin asks nobody. Publishers and registries must agree, and every registry must be readable: what one
 * of them revoked is refused, whoever names it. A peer that hands out files is not asked at all.
 * @throws ConfigError MODEL_NAME_INVALID, MODEL_NAME_UNKNOWN, MODEL_NAME_AMBIGUOUS
 * @throws AttestationError REGISTRY_REVOKED, REGISTRY_ROLLED_BACK
 * @throws UnavailableError CHAIN_UNREACHABLE, REGISTRY_UNREADABLE
 */
export async function resolveName(
  { name, only }: NameQuestion,
  authorities: NameAuthorities,
): Promise<NamedRoot> {
  requireModelName(name)
  const { names, crypto, registries } = authorities
  const pinned = only === undefined ? names.pinned(name) : undefined
  if (pinned !== undefined) return pinned
  const states = await Promise.all(registries.map((one) => one.read()))
  const said: NamedRoot[] = []
  if (only !== 'registries') said.push(...(await byPublishers(name, only?.publisher, authorities)))
  if (only === undefined || only === 'registries') {
    for (const [at, state] of states.entries()) {
      const rootHex = rootNamed(crypto, state, name)
      if (rootHex === undefined) continue
      const registry = registries[at]!.address
      said.push({ rootHex, namedBy: 'registry', publication: undefined, registry })
    }
  }
  const first = said[0] ?? (only === undefined ? ofNetwork(name, authorities) : undefined)
  if (first === undefined) throw unknownName(name)
  requireOneRoot(name, said)
  requireModelNotRevoked(states, name, first.rootHex)
  return first
}

/** Each trusted publisher is asked for something newer than what is known of it here. */
async function byPublishers(
  name: string,
  only: string | undefined,
  { names, ask }: NameAuthorities,
): Promise<readonly NamedRoot[]> {
  const trusted = names.publishers().filter((key) => [undefined, toHex(key)].includes(only))
  for (const key of trusted) {
    const word = await ask(key, name)
    const known = names.publications().find((one) => one.name === name && equal(one.publisher, key))
    // An older word than is kept here is what a peer that holds back the newer one would show.
    if (word !== undefined && word.sequence > (known?.sequence ?? -1)) names.hear(word)
  }
  return names.said(name, only)
}

function ofNetwork(name: string, { network }: NameAuthorities): NamedRoot | undefined {
  const rootHex = network().find(({ id }) => id === name)?.root
  if (rootHex === undefined) return undefined
  return { rootHex, namedBy: 'network', publication: undefined }
}

/** @throws ConfigError MODEL_NAME_AMBIGUOUS; its data says who means what */
function requireOneRoot(name: string, said: readonly NamedRoot[]): void {
  if (new Set(said.map(({ rootHex }) => rootHex)).size < 2) return
  const who = said.map(({ publication, registry = '', rootHex }) => [
    publication === undefined
      ? `registry ${registry}`
      : `publisher ${toHex(publication.publisher)}`,
    rootHex,
  ])
  throw new ConfigError('MODEL_NAME_AMBIGUOUS', `those whom you trust call two models ${name}`, {
    remedy: `Pin the one that you mean (cocoon models pin ${name} ROOT), or name one of them with --publisher or --registry.`,
    data: Object.fromEntries(who),
  })
}

function unknownName(name: string): ConfigError {
  return new ConfigError('MODEL_NAME_UNKNOWN', `nobody that you trust says what ${name} is`, {
    remedy:
      'To get it from a host write OWNER/NAME. From peers: name its root with --root, pin it with `cocoon models pin`, trust its publisher with `cocoon models trust`, or name a registry with --registry.',
  })
}
