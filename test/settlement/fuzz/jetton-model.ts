/** What the model of the jetton channel remembers. */

/** A channel lives this long. */
export const LIFE_S = 20_000

export const FRESH = {
  /** The account has code. */
  active: false,
  walletSet: false,
  /** The issuer holds the channel's jettons back. */
  frozen: false,
  deposited: 0n,
  claimed: 0n,
  paid: 0n,
  refunded: 0n,
  /** Jettons that lie in the channel's wallet and are nobody's deposit. */
  stray: 0n,
  closeAt: 0,
  closed: false,
  leafCount: 0,
  root: 0,
  lastTransferAt: 0,
}

interface Compared {
  readonly deposited: bigint
  readonly claimed: bigint
  readonly paid: bigint
  readonly refunded: bigint
  readonly closeAt: number
  readonly closed: boolean
  readonly leafCount: number
}

/** The numbers of model and chain as one line, to be compared and shown. */
export function present(
  state: Compared & ({ readonly root: number } | { readonly receiptsRoot: Uint8Array }),
): string {
  const { deposited, claimed, paid, refunded, closeAt, closed, leafCount } = state
  const root = 'root' in state ? state.root : state.receiptsRoot[0]
  return [deposited, claimed, paid, refunded, closeAt, closed, leafCount, root].join(' ')
}
