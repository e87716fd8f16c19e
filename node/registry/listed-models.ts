/**
 * The models that a registry lists. Its entries hold a digest of each name, not the name (model-names.ts): a name is
 * shown only when it and the root give exactly the digest of the entry, whoever proposed it.
 */
import { fromHex, toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { MODEL_NAME } from '#protocol/model/publication.ts'
import type { RegistryOnChain } from '#settlement/registry/registry.ts'
import { LISTED_NAMES_TRIED_MAX } from './constants.ts'
import { modelNameMeta } from './model-names.ts'

export interface ListedModel {
  /** Hexadecimal. */
  readonly rootHex: string
  /** Undefined: nobody whom this machine asked knows it. */
  readonly name: string | undefined
  /**
   * `replaced`: a newer entry has the name; `ambiguous`: another entry of the same second has it, so that it
   * means neither.
   */
  readonly status: 'active' | 'replaced' | 'ambiguous' | 'revoked'
  /** Unix seconds of the last change. */
  readonly since: number
}

/**
 * Newest first.
 * @param proposed names that may be among them, in any order; those beyond LISTED_NAMES_TRIED_MAX are not tried
 */
export function listedModels(
  crypto: CryptoPort,
  { entries }: RegistryOnChain,
  proposed: Iterable<string>,
): readonly ListedModel[] {
  const names = [...new Set(proposed)].filter((name) => MODEL_NAME.test(name))
  const tried = names.slice(0, LISTED_NAMES_TRIED_MAX)
  const found = [...entries]
    .filter(([, { kind }]) => kind === 'model')
    .map(([rootHex, { status, since, meta }]): ListedModel => {
      const root = fromHex(rootHex)
      const digest = toHex(meta)
      const name = tried.find((one) => toHex(modelNameMeta(crypto, one, root)) === digest)
      return { rootHex, name, status, since }
    })
    .sort((a, b) => b.since - a.since || (a.rootHex < b.rootHex ? -1 : 1))
  return found.map((one) => ({ ...one, status: statusOf(one, found) }))
}

/** As `rootNamed` chooses among entries of one name. */
function statusOf(
  { rootHex, name, status, since }: ListedModel,
  all: readonly ListedModel[],
): ListedModel['status'] {
  if (status !== 'active' || name === undefined) return status
  const others = all.filter(
    (one) => one.name === name && one.status === 'active' && one.rootHex !== rootHex,
  )
  if (others.some((one) => one.since > since)) return 'replaced'
  return others.some((one) => one.since === since) ? 'ambiguous' : 'active'
}
