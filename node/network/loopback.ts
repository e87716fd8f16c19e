/** Whether an address never leaves this machine; test networks talk on such addresses only. */
export function isLoopbackAddress(multiaddr: string): boolean {
  return /^\/(ip4\/127\.\d+\.\d+\.\d+|ip6\/::1|memory)(\/|$)/.test(multiaddr)
}
