/**
 * Records what leaves a piece of this process: every layer of every libp2p connection (TCP bytes,
 * noise, yamux, and the plain messages of each protocol) and every TCP socket (the chain's HTTP).
 */
import { Socket } from 'node:net'
// Not listed in package.json: it must be the very copy that libp2p brings, or nothing is heard.
import { AbstractMessageStream } from '@libp2p/utils'

export interface Wiretap {
  /** Everything that was sent inside libp2p, before and after encryption. */
  peers(): Buffer
  /** Everything that was written to TCP sockets, but not those with one end at these ports. */
  sockets(exceptPorts: readonly number[]): Buffer
  stop(): void
}

interface SocketRecord {
  readonly socket: Socket
  readonly ports: Set<number>
  readonly chunks: Buffer[]
}

export function startWiretap(): Wiretap {
  const sent: Buffer[] = []
  const bySocket = new Map<Socket, SocketRecord>()
  const { send } = AbstractMessageStream.prototype
  const { write } = Socket.prototype
  AbstractMessageStream.prototype.send = function (data) {
    sent.push(Buffer.from(data instanceof Uint8Array ? data : data.subarray()))
    return send.call(this, data)
  }
  Socket.prototype.write = function (this: Socket, ...parameters: unknown[]) {
    const [data, encoding] = parameters
    const record = bySocket.get(this) ?? { socket: this, ports: new Set(), chunks: [] }
    bySocket.set(this, record)
    for (const port of [this.localPort, this.remotePort]) {
      if (port !== undefined) record.ports.add(port)
    }
    if (typeof data === 'string') {
      const name = typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'
      record.chunks.push(Buffer.from(data, name))
    } else if (data instanceof Uint8Array) record.chunks.push(Buffer.from(data))
    return (write as (...all: unknown[]) => boolean).apply(this, parameters)
  } as typeof write
  return {
    peers: () => Buffer.concat(sent),
    sockets: (exceptPorts) =>
      Buffer.concat(
        [...bySocket.values()]
          .filter(({ ports }) => ports.size > 0 && !exceptPorts.some((port) => ports.has(port)))
          .flatMap(({ chunks }) => chunks),
      ),
    stop() {
      AbstractMessageStream.prototype.send = send
      Socket.prototype.write = write
    },
  }
}
