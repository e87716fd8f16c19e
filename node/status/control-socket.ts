/**
 * The control socket of a running peer: HTTP over a Unix socket in its data folder, mode 0600. Whoever
 * may read the folder may ask; nothing else can reach it. `cocoon status` and `cocoon drain` use it.
 */
import { createHash } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import type { Hono } from 'hono'
import { boundedServer } from '#node/gateway/bounded-server.ts'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'

const SOCKET_FILE = 'control.sock'
/** sun_path has 108 bytes on Linux and 104 on macOS, with the final zero. */
const SOCKET_PATH_BYTES_MAX = 103

/** A folder with a long name has its socket in the system's folder for temporary files. */
export function controlSocketPath(dataDir: string): string {
  const beside = path.join(path.resolve(dataDir), SOCKET_FILE)
  if (Buffer.byteLength(beside) <= SOCKET_PATH_BYTES_MAX) return beside
  const name = createHash('sha256').update(path.resolve(dataDir)).digest('hex').slice(0, 16)
  return path.join(tmpdir(), `cocoon-${userInfo().uid}-${name}`, SOCKET_FILE)
}

export interface ControlSocket {
  /** Idempotent. */
  close(): Promise<void>
}

/**
 * The caller holds the lock of the folder, so a socket that is there is left over from a crash.
 * @throws ConfigError CONTROL_FOLDER when the folder is not private to this user
 * @throws UnavailableError CONTROL_FAILED
 */
export async function serveControl(app: Hono, dataDir: string): Promise<ControlSocket> {
  const file = controlSocketPath(dataDir)
  const folder = path.dirname(file)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  refuseOthers(folder)
  rmSync(file, { force: true })
  const server = boundedServer(app)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const remedy = 'See the cause with --debug; the data folder must be on a local disk.'
      reject(new UnavailableError('CONTROL_FAILED', `cannot listen on ${file}`, { cause, remedy }))
    })
    server.listen({ path: file }, resolve)
  })
  // The folder is private already; this holds when it is opened up later.
  chmodSync(file, 0o600)
  return {
    async close() {
      if (!server.listening) return
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

/** Somebody else's folder, or one that others may write to, would let them stand in for this peer. */
function refuseOthers(folder: string): void {
  const { uid, mode } = lstatSync(folder)
  if (uid === userInfo().uid && (mode & 0o022) === 0) return
  throw new ConfigError('CONTROL_FOLDER', `others may write to ${folder}`, {
    remedy: `Make it yours alone: chown it and \`chmod 700 ${folder}\`.`,
  })
}
