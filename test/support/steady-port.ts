/** A port that a process of a test may leave and take again, without anybody else taking it meanwhile. */
import { createServer } from 'node:net'

/** Below the ports that systems give to whoever asks for any (32768 and up on Linux, 49152 elsewhere). */
const FIRST_PORT = 20_000
const PORTS = 12_000

/** A free port of 127.0.0.1; processes of different ids begin to look at different places. */
export async function steadyPort(): Promise<number> {
  for (let tries = 0; tries < PORTS; tries++) {
    const port = FIRST_PORT + ((process.pid * 7 + tries) % PORTS)
    if (await isFree(port)) return port
  }
  throw new Error('no port is free')
}

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', () => resolve(false))
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  return promise
}
