/** `cocoon testnet status`: what runs where. The testnet keeps the file; readers add who is alive. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import { isAlive, readCurrentRun } from './run-folder.ts'

const peerStatusSchema = z.object({
  name: z.string(),
  role: z.enum(['provider', 'client']),
  peerId: z.string(),
  pid: z.number().int(),
  addresses: z.array(z.string()),
  dataDir: z.string(),
})

const statusFileSchema = z.object({
  seed: z.string(),
  /** Path of the network file. */
  network: z.string(),
  chainUrl: z.string(),
  apiUrl: z.string(),
  peers: z.array(peerStatusSchema),
})

export type StatusFile = z.output<typeof statusFileSchema>
export type PeerStatus = z.output<typeof peerStatusSchema>

export interface TestnetStatus extends Omit<StatusFile, 'peers'> {
  readonly peers: readonly (PeerStatus & { readonly alive: boolean })[]
}

/**
 * @throws UnavailableError NO_TESTNET when none runs in the folder
 * @throws ConfigError STATUS_FILE
 */
export function testnetStatus(testnetDir: string): TestnetStatus {
  const current = readCurrentRun(testnetDir)
  if (current !== undefined) return readStatusFile(current.statusFile)
  throw new UnavailableError('NO_TESTNET', `no testnet is running in ${testnetDir}`, {
    remedy: 'Start one with `cocoon testnet`, or name its network file with --network FILE.',
  })
}

/** The status of the testnet that wrote this network file: they lie in one folder. */
export function statusBesideNetworkFile(networkFile: string): TestnetStatus {
  return readStatusFile(path.join(path.dirname(networkFile), 'status.json'))
}

function readStatusFile(file: string): TestnetStatus {
  try {
    const status = statusFileSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
    const peers = status.peers.map((peer) => ({ ...peer, alive: isAlive(peer.pid) }))
    return { ...status, peers }
  } catch (cause) {
    throw new ConfigError('STATUS_FILE', `cannot read the testnet's status from ${file}`, {
      cause,
      remedy: 'Name the network file of a testnet that has said "ready".',
    })
  }
}
