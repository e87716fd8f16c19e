/**
 * A peer listens where it listened before, so that those who know its address find it again after a
 * restart; when the port is taken meanwhile, on any free one.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'

const PORT_FILE = 'listen-port'
const HOST = '127.0.0.1'

/** A multiaddr on loopback, with the port of the last time when it is free. */
export async function keptListenAddress(dir: string): Promise<string> {
  const port = readPort(path.join(dir, PORT_FILE))
  return `/ip4/${HOST}/tcp/${port !== undefined && (await isFree(port)) ? port : 0}`
}

/** Remembers the port of the first TCP address; anything else is not kept. */
export function keepListenPort(dir: string, addresses: readonly string[]): void {
  const port = addresses.flatMap((address) => /\/tcp\/(\d+)/.exec(address)?.[1] ?? [])[0]
  if (port !== undefined) writeFileSync(path.join(dir, PORT_FILE), `${port}\n`, { mode: 0o600 })
}

function readPort(file: string): number | undefined {
  try {
    const port = Number(readFileSync(file, 'utf8'))
    return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined
  } catch {
    return undefined
  }
}

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', () => resolve(false))
  server.listen({ host: HOST, port }, () => server.close(() => resolve(true)))
  return promise
}
