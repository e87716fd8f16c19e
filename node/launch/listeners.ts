/** Whose the sockets are that this node is about to trust with a prompt. */
import { sleep } from '../async.ts'
import { LAUNCH_ACCEPT_LOOK_EVERY_MS, LAUNCH_ACCEPT_TIMEOUT_MS } from './constants.ts'
import { listenerRefused } from './errors.ts'
import { processTree, socketsOf } from './process-tree.ts'
import { isLoopback, LOOPBACK_V4, type TcpSocket, tcpSockets } from './socket-table.ts'

export interface ListenerWanted {
  readonly processId: number
  /** Of 127.0.0.1. */
  readonly port: number
  readonly listensElsewhere: boolean
}

/**
 * Whether the launched server listens where it should.
 * @returns false while nobody listens on the port
 * @throws UnavailableError LAUNCH_LISTENER
 */
export async function isListening(wanted: ListenerWanted): Promise<boolean> {
  try {
    return await lookAtListeners(wanted)
  } catch {
    // A socket that was closed between the two looks seemed to be a stranger's.
    return await lookAtListeners(wanted)
  }
}

async function lookAtListeners(wanted: ListenerWanted): Promise<boolean> {
  // The table first: a socket that is in it and was opened later is not taken for a stranger's.
  const sockets = await tcpSockets()
  const own = await socketsOf(await processTree(wanted.processId))
  return judgeListeners(sockets, own, wanted)
}

/**
 * @param own inodes of the sockets that processes of the server hold
 * @returns false while nobody listens on the port
 * @throws UnavailableError LAUNCH_LISTENER
 */
export function judgeListeners(
  sockets: readonly TcpSocket[],
  own: ReadonlySet<string>,
  { port, listensElsewhere }: Omit<ListenerWanted, 'processId'>,
): boolean {
  const listening = sockets.filter((one) => one.isListening)
  const here = listening.filter(({ localPort }) => localPort === port)
  if (here.some(({ inode }) => !own.has(inode))) throw listenerRefused('foreign', port)
  if (here.some(({ localAddress }) => !isLoopback(localAddress))) {
    throw listenerRefused('exposed', port)
  }
  const beyond = listening.find(
    ({ inode, localAddress }) => own.has(inode) && !isLoopback(localAddress),
  )
  if (beyond !== undefined && !listensElsewhere) {
    throw listenerRefused('elsewhere', beyond.localPort)
  }
  return here.length > 0
}

/**
 * Waits until the other end of a connection is held by a process of the server. Until then it may lie in the
 * queue of a listener whose owner is about to change.
 * @param ownPort local port of this node's end
 * @throws UnavailableError LAUNCH_LISTENER
 */
export async function expectTaken(
  { processId, port }: ListenerWanted,
  ownPort: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(LAUNCH_ACCEPT_TIMEOUT_MS)])
  for (;;) {
    const end = (await tcpSockets()).find((one) => isOtherEnd(one, port, ownPort))
    if (end !== undefined && end.inode !== '0') {
      const own = await socketsOf(await processTree(processId))
      if (own.has(end.inode)) return
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

function isOtherEnd(one: TcpSocket, port: number, ownPort: number): boolean {
  if (one.isListening || one.localPort !== port || one.remotePort !== ownPort) return false
  return one.localAddress === LOOPBACK_V4 && one.remoteAddress === LOOPBACK_V4
}
