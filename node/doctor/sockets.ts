/** TCP as the checks need it: may we listen, does somebody answer. */
import { connect } from 'node:net'
import { portIsFree } from '../port.ts'

const CONNECT_TIMEOUT_MS = 2_000

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
