/** Where a client's history is: with the running client, or in its data folder when none runs. */
import { existsSync, globSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { STORE_FILE } from '#node/store/constants.ts'
import type { PeerStore } from '#node/store/peer-store.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { ConfigError } from '#protocol/errors.ts'

export interface HomeOptions {
  /** The client's own data folder, when it was named. */
  readonly dataDir: string | undefined
  /** Parent of the folders of all roles. */
  readonly dataRoot: string
}

/**
 * The named folder, the owner's client, the client of the latest testnet: the first with a store.
 * @throws ConfigError NO_HISTORY
 */
export function clientHome({ dataDir, dataRoot }: HomeOptions): string {
  const candidates =
    dataDir === undefined
      ? [
          path.join(dataRoot, 'client'),
          path.join(dataRoot, 'library'),
          ...latestTestnetClient(path.join(dataRoot, 'testnet', 'runs')),
        ]
      : [dataDir]
  const home = candidates.flatMap(storeFolders)[0]
  if (home !== undefined) return path.resolve(home)
  throw new ConfigError('NO_HISTORY', `no client has run in ${candidates[0]}`, {
    remedy: 'Name the data folder of a client with --data.',
  })
}

/** Opens it for the time of `work`. @throws UnavailableError STORE_LOCKED while the client runs */
export function withClientStore<T>(home: string, work: (store: PeerStore) => T): T {
  const store = openPeerStore(home)
  try {
    return work(store)
  } finally {
    store.close()
  }
}

/** Folders with a store: this one, and one for each network that the peer was on, the latest first. */
export function storeFolders(folder: string): readonly string[] {
  return [STORE_FILE, `networks/*/${STORE_FILE}`]
    .flatMap((pattern) => globSync(pattern, { cwd: folder }))
    .map((file) => path.join(folder, file))
    .map((file) => ({ folder: path.dirname(file), atMs: statSync(file).mtimeMs }))
    .sort((a, b) => b.atMs - a.atMs)
    .map((found) => found.folder)
}

/** Names of runs begin with their time. */
function latestTestnetClient(runsDir: string): readonly string[] {
  if (!existsSync(runsDir)) return []
  const latest = readdirSync(runsDir).sort().at(-1)
  return latest === undefined ? [] : [path.join(runsDir, latest, 'peers', 'client-1')]
}
