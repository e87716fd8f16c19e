/**
 * Which root a registry means by a name. The chain holds no names: the `meta` of a model's entry is a
 * digest of the name and the root, which whoever asks for a name can work out (docs/spec/models.md, "Names").
 */
import { equal, fromHex, tagged, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { AttestationError, ConfigError } from '#protocol/errors.ts'
import type { RegistryOnChain } from '#settlement/registry/registry.ts'

/** What the entry of a model that is called `name` says in `meta`: 32 bytes. */
export function modelNameMeta(crypto: CryptoPort, name: string, root: Uint8Array): Uint8Array {
  return crypto.sha256(tagged('cocoon/registry-model/1', utf8(name), root))
}

/**
 * The active entry of this name; of several the one that was added last. Undefined: it lists none.
 * @returns the root, hexadecimal
 * @throws AttestationError REGISTRY_REVOKED: every model of this name was revoked
 * @throws ConfigError MODEL_NAME_AMBIGUOUS: two were added at the same second
 */
export function rootNamed(
  crypto: CryptoPort,
  registry: RegistryOnChain,
  name: string,
): string | undefined {
  const named = [...registry.entries]
    .filter(
      ([key, { kind, meta }]) =>
        kind === 'model' && equal(meta, modelNameMeta(crypto, name, fromHex(key))),
    )
    .map(([rootHex, { status, since }]) => ({ rootHex, status, since }))
  const active = named.filter(({ status }) => status === 'active')
  const [last, before] = active.sort((a, b) => b.since - a.since)
  if (last === undefined) {
    if (named.length > 0) throw modelRevoked(name, named[0]!.rootHex)
    return undefined
  }
  if (before?.since !== last.since) return last.rootHex
  throw new ConfigError('MODEL_NAME_AMBIGUOUS', `a registry calls two models ${name}`, {
    remedy: `Pin the one that you mean: cocoon models pin ${name} ROOT.`,
  })
}

/** Whoever says that the name means this root: a registry that the owner named revoked it. */
export function requireModelNotRevoked(
  registries: readonly RegistryOnChain[],
  name: string,
  rootHex: string,
): void {
  if (registries.some(({ entries }) => entries.get(rootHex)?.status === 'revoked')) {
    throw modelRevoked(name, rootHex)
  }
}

function modelRevoked(name: string, rootHex: string): AttestationError {
  return new AttestationError('REGISTRY_REVOKED', `a registry revoked the model ${name}`, {
    remedy: 'Use another model: revocations are for good, and clients of the registry refuse it.',
    data: { key: rootHex },
  })
}
