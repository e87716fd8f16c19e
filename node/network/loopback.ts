/** Whether an address never leaves this machine; test networks talk on such addresses only. */
export function isLoopbackAddress(multiaddr: string): boolean {
  return /^\/(ip4\/127\.\d+\.\d+\.\d+|ip6\/::1|memory)(\/|$)/.test(multiaddr)
}

const PRIVATE =
  /^\/ip4\/(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.)|^\/ip6\/(f[cd]|fe80:)/

/** Loopback, or of a network that the Internet does not route to (RFC 1918, RFC 3927, RFC 4193). */
export function isPrivateAddress(multiaddr: string): boolean {
  return isLoopbackAddress(multiaddr) || PRIVATE.test(multiaddr)
}
