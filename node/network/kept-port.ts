/**
 * A peer listens where it listened before, so that those who know its address find it again after a
 * restart; when the port is taken meanwhile, on any free one.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'

const PORT_FILE = 'listen-port'
export const LOOPBACK = '127.0.0.1'
export const EVERY_ADDRESS = '0.0.0.0'

/** A multiaddr on an IPv4 address, with the port of the last time when it is free. */
export async function keptListenAddress(dir: string, host: string): Promise<string> {
  const port = readKeptPort(dir)
  return `/ip4/${host}/tcp/${port !== undefined && (await isFree(host, port)) ? port : 0}`
}

/** Remembers the port of the first TCP address; anything else is not kept. */
export function keepListenPort(dir: string, addresses: readonly string[]): void {
  const port = addresses.flatMap((address) => /\/tcp\/(\d+)/.exec(address)?.[1] ?? [])[0]
  if (port !== undefined) writeFileSync(path.join(dir, PORT_FILE), `${port}\n`, { mode: 0o600 })
}

/** Undefined: the peer never listened. */
export function readKeptPort(dir: string): number | undefined {
  try {
    const port = Number(readFileSync(path.join(dir, PORT_FILE), 'utf8'))
    return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined
  } catch {
    return undefined
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', () => resolve(false))
  server.listen({ host, port }, () => server.close(() => resolve(true)))
  return promise
}
