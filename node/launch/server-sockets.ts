/** Whose the sockets are that this node is about to trust with a prompt. */
import { sleep } from '../async.ts'
import { LAUNCH_ACCEPT_LOOK_EVERY_MS, LAUNCH_ACCEPT_TIMEOUT_MS } from './constants.ts'
import { listenerRefused } from './errors.ts'
import type { ProcessName } from './kill-tree.ts'
import { processFacts, processTree, socketsOf } from './process-tree.ts'
import { SharedLook } from './shared-look.ts'
import { isLoopback, LOOPBACK_V4, type TcpSocket, tcpSockets } from './socket-table.ts'

export interface ServerPlace {
  /** The process that was launched, or one that it descends from and that holds no sockets. */
  readonly root: ProcessName
  /** Of 127.0.0.1. */
  readonly port: number
  /** Whether its processes may listen beyond loopback on other ports. */
  readonly listensElsewhere: boolean
}

/** Of one moment: the kernel's table first, then who holds what of it. */
interface Seen {
  readonly table: readonly TcpSocket[]
  /** Inodes of the sockets of the processes that held some before. */
  readonly own: ReadonlySet<string>
}

export class ServerSockets {
  readonly #place: ServerPlace
  /** Processes of the server that held a socket, with their starts: looked at first, the whole tree is slow. */
  readonly #holders = new Map<number, string>()
  readonly #looks = new SharedLook(() => this.#see())

  constructor(place: ServerPlace) {
    this.#place = place
  }

  /**
   * Whether the server listens where it should, and nobody else does.
   * @returns false while nobody listens on the port
   * @throws UnavailableError LAUNCH_LISTENER
   */
  async isListening(): Promise<boolean> {
    return this.#isListening(await this.#looks.fresh())
  }

  async #isListening(seen: Seen): Promise<boolean> {
    const { port } = this.#place
    const here = seen.table.filter(
      ({ isListening, localPort }) => isListening && localPort === port,
    )
    for (const { inode, localAddress } of here) {
      if (!(await this.#holds(seen, inode))) {
        // One that was closed between the two looks is nobody's.
        if (await isThere(inode)) throw listenerRefused('foreign', port)
      } else if (!isLoopback(localAddress)) throw listenerRefused('exposed', port)
    }
    return here.length > 0
  }

  /**
   * Whether a process of the server listens beyond loopback: on any port, unless the description allows that.
   * @throws UnavailableError LAUNCH_LISTENER
   */
  async expectNoneElsewhere(): Promise<void> {
    const { root, listensElsewhere } = this.#place
    if (listensElsewhere) return
    // The table first: what is opened later is seen by the next look.
    const beyond = (await listeners()).filter(({ localAddress }) => !isLoopback(localAddress))
    const own = await socketsOf(await processTree(root.id))
    const found = beyond.find(({ inode }) => own.has(inode))
    if (found !== undefined) throw listenerRefused('elsewhere', found.localPort)
  }

  /**
   * Waits until the other end of a connection is held by a process of the server, while nobody else listens on its
   * port. Until then it may lie in the queue of a listener whose owner is about to change. Reading the kernel's table
   * is what a request waits for, so that one reading is looked through for both.
   * @param ownPort local port of this node's end
   * @throws UnavailableError LAUNCH_LISTENER
   */
  async expectTaken(ownPort: number, signal: AbortSignal): Promise<void> {
    const { port } = this.#place
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(LAUNCH_ACCEPT_TIMEOUT_MS)])
    for (;;) {
      const seen = await this.#looks.fresh()
      await this.#isListening(seen)
      const end = seen.table.find((one) => isOtherEnd(one, port, ownPort))
      if (end !== undefined && end.inode !== NOBODY) {
        if (await this.#holds(seen, end.inode)) return
        throw listenerRefused('taken', port)
      }
      try {
        await sleep(LAUNCH_ACCEPT_LOOK_EVERY_MS, deadline)
      } catch {
        signal.throwIfAborted()
        throw listenerRefused('taken', port)
      }
    }
  }

  async #see(): Promise<Seen> {
    const table = await tcpSockets()
    const own = new Set<string>()
    for (const [id, startTicks] of this.#holders) {
      const sockets = await socketsOf([id])
      // Looked at last: the files were those of this process, not of a later one with its number.
      if ((await processFacts(id))?.startTicks !== startTicks) this.#holders.delete(id)
      else for (const inode of sockets) own.add(inode)
    }
    return { table, own }
  }

  async #holds({ own }: Seen, inode: string): Promise<boolean> {
    return own.has(inode) || (await this.#search(inode))
  }

  async #search(inode: string): Promise<boolean> {
    const { root } = this.#place
    for (const id of await processTree(root.id)) {
      if (!(await socketsOf([id])).has(inode)) continue
      const facts = await processFacts(id)
      const isServer = (await processFacts(root.id))?.startTicks === root.startTicks
      if (facts === undefined || !isServer) return false
      this.#holders.set(id, facts.startTicks)
      return true
    }
    return false
  }
}

/** Of a connection that no process has accepted, or that all have closed. */
const NOBODY = '0'

async function listeners(): Promise<TcpSocket[]> {
  return (await tcpSockets()).filter(({ isListening }) => isListening)
}

async function isThere(inode: string): Promise<boolean> {
  return (await listeners()).some((one) => one.inode === inode)
}

function isOtherEnd(one: TcpSocket, port: number, ownPort: number): boolean {
  if (one.isListening || one.localPort !== port || one.remotePort !== ownPort) return false
  return one.localAddress === LOOPBACK_V4 && one.remoteAddress === LOOPBACK_V4
}
