/**
 * The moments of a peer at which a test may end it: steps of its session (the probe of node/roles), every
 * write to its store, every transaction it sends, every message it exchanges before the seal. A point is
 * reached once or many times; an armed probe acts at one visit of one point.
 */
import type { PeerStore } from '#node/store/peer-store.ts'
import { decodeSessionMessage } from '#protocol/session/frames.ts'
import type { MessageStream } from '#protocol/transport.ts'
import type { Wallet, WalletMessage } from '#settlement/types.ts'
import { OPERATION } from '#settlement/wallet/messages.ts'

/** Methods of PeerStore that change nothing: all others are write points. */
const READING = new Set([
  ...['meta', 'loadChannels', 'leaves', 'leafCount', 'checkpoints', 'lastCheckpoints'],
  ...['receipts', 'receipt', 'ask', 'jobs', 'job', 'jobLines', 'transaction', 'close'],
  ...['story', 'stories', 'askIds'],
])

/** What the code after the end of its peer meets: it stops there, as the process would have. */
class Killed extends Error {}

export interface Arming {
  readonly point: string
  /** From 1. */
  readonly visit: number
  /** Ends a peer, or something it needs. Synchronous: nothing of the peer runs before it returns. */
  readonly act: () => void
  /** The peer that reached the point is the one that ends. */
  readonly isSelf: boolean
}

export class FaultProbe {
  readonly visits = new Map<string, number>()
  #arming: Arming | undefined

  arm(arming: Arming): void {
    this.visits.clear()
    this.#arming = arming
  }

  get isArmed(): boolean {
    return this.#arming !== undefined
  }

  disarm(): void {
    this.#arming = undefined
  }

  readonly reach = (point: string): void => {
    const visit = (this.visits.get(point) ?? 0) + 1
    this.visits.set(point, visit)
    const arming = this.#arming
    if (arming === undefined || arming.point !== point || arming.visit !== visit) return
    this.#arming = undefined
    arming.act()
    if (arming.isSelf) throw new Killed(`ended at: ${point}`)
  }
}

/** The names of a store's write points, as its own methods have them. */
export function writeMethods(store: PeerStore): string[] {
  return Object.keys(store).filter((name) => !READING.has(name))
}

type Method = (...parameters: unknown[]) => unknown

/** Each write has a moment before it, and each outermost transaction one before and after its commit. */
export function probedStore(
  store: PeerStore,
  who: string,
  reach: (point: string) => void,
): PeerStore {
  let depth = 0
  const methods = store as unknown as Record<string, Method>
  const writes = writeMethods(store).map((name) => [
    name,
    (...parameters: unknown[]) => {
      reach(`${who} writes ${name}`)
      const result = methods[name]?.(...parameters)
      if (depth === 0) reach(`${who} wrote ${name}`)
      return result
    },
  ])
  return {
    ...store,
    ...(Object.fromEntries(writes) as Partial<PeerStore>),
    transaction(work) {
      depth++
      try {
        const result = store.transaction(() => {
          const made = work()
          if (depth === 1) reach(`${who} commits`)
          return made
        })
        if (depth === 1) reach(`${who} committed`)
        return result
      } finally {
        depth--
      }
    },
  }
}

const OPERATION_NAMES = new Map<number, string>(
  Object.entries(OPERATION).map(([name, code]) => [code, name]),
)

/** A wallet whose owner may be gone: then it sends nothing more, as a dead process does not. */
export function probedWallet(
  wallet: Wallet,
  who: string,
  reach: (point: string) => void,
  isAlive: () => boolean,
): Wallet {
  const probed = async <T>(messages: readonly WalletMessage[], send: () => Promise<T>) => {
    const name = OPERATION_NAMES.get(messages[0]?.body.beginParse().loadUint(32) ?? 0)
    if (!isAlive()) throw new Killed('the owner of this wallet is gone')
    reach(`${who} transacts ${name}`)
    const sent = await send()
    reach(`${who} transacted ${name}`)
    return sent
  }
  return {
    address: wallet.address,
    balance: () => wallet.balance(),
    recover: (signal) => wallet.recover(signal),
    send: (messages, signal) => probed(messages, () => wallet.send(messages, signal)),
    sendEach: (messages, signal) => probed(messages, () => wallet.sendEach(messages, signal)),
  }
}

/** Messages before the seal; sealed ones are moments of the session itself. */
export function probedStream(
  stream: MessageStream,
  who: string,
  reach: (point: string) => void,
): MessageStream {
  return {
    remote: stream.remote,
    receive: () => stream.receive(),
    close: () => stream.close(),
    abort: (reason) => stream.abort(reason),
    async send(bytes) {
      const kind = kindOf(bytes)
      const isOpenly = kind !== 'frame'
      if (isOpenly) reach(`${who} sends openly ${kind}`)
      await stream.send(bytes)
      if (isOpenly) reach(`${who} sent openly ${kind}`)
    },
  }
}

/** An attacker's bytes may be no message at all. */
function kindOf(bytes: Uint8Array): string {
  try {
    return decodeSessionMessage(bytes).kind
  } catch {
    return 'garbage'
  }
}
