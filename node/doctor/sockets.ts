/** TCP as the checks need it: is a port free, may we listen, does somebody answer. */
import { connect, createServer } from 'node:net'

const CONNECT_TIMEOUT_MS = 2_000

/** Of 127.0.0.1; 0 asks for any port. */
export function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

export const canListen = (): Promise<boolean> => portIsFree(0)

/** Whether a TCP connection to a multiaddr such as /ip4/127.0.0.1/tcp/4001 is accepted. */
export function answers(address: string): Promise<boolean> {
  const [, host, port] =
    /^\/(?:ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d{1,5})(?:\/|$)/.exec(address) ?? []
  if (host === undefined) return Promise.resolve(false)
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: CONNECT_TIMEOUT_MS })
    const end = (accepted: boolean) => {
      socket.destroy()
      resolve(accepted)
    }
    socket.once('connect', () => end(true))
    socket.once('timeout', () => end(false))
    socket.once('error', () => end(false))
  })
}
