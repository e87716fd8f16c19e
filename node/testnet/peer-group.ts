/** The peer processes of a testnet: started, watched, restarted if asked, and stopped in order. */
import { setTimeout as wait } from 'node:timers/promises'
import type { NodeEvent } from '#node/roles/events.ts'
import { UnavailableError } from '#protocol/errors.ts'
import { type Child, startChild } from './child-process.ts'
import { PEER_READY_TIMEOUT_MS, RESTART_DELAY_MS } from './constants.ts'
import type { PeerReady } from './messages.ts'
import type { PeerConfig, ProcessConfig } from './peer-config.ts'
import { processConfigText } from './peer-config.ts'
import { type RunFolder, writePrivateFile } from './run-folder.ts'

export interface PeerGroupOptions {
  readonly run: RunFolder
  readonly peerModule: string
  readonly logLevel: ProcessConfig['logLevel']
  readonly restart: boolean
  readonly emit: (event: NodeEvent) => void
  /** The processes changed: a new pid, other addresses. */
  readonly onChange: () => void
}

/** A peer as it runs now. */
export interface GroupPeer extends PeerReady {
  readonly pid: number
  readonly dataDir: string
}

interface Member {
  readonly config: ProcessConfig
  child: Child
  peers: readonly PeerReady[]
}

export class PeerGroup {
  readonly #options: PeerGroupOptions
  /** In the order of the starts, whichever process was ready first. */
  readonly #names: string[] = []
  readonly #members = new Map<string, Member>()
  #stopping = false

  constructor(options: PeerGroupOptions) {
    this.#options = options
  }

  /**
   * Starts one process for these peers and resolves when all of them are ready.
   * @throws UnavailableError CHILD_EXITED, CHILD_SLOW, and what a peer reported
   */
  async start(name: string, peers: readonly PeerConfig[]): Promise<void> {
    const { run, logLevel } = this.#options
    const config: ProcessConfig = {
      format: 'cocoon-peer-process/1',
      networkFile: run.networkFile,
      logLevel,
      peers: [...peers],
    }
    writePrivateFile(run.configFile(name), processConfigText(config))
    this.#names.push(name)
    await this.#launch(name, config)
  }

  peers(): readonly GroupPeer[] {
    const members = this.#names.flatMap((name) => this.#members.get(name) ?? [])
    return members.flatMap(({ child, peers, config }) =>
      peers.map((peer) => ({
        ...peer,
        pid: child.pid,
        dataDir: config.peers.find(({ name }) => name === peer.name)?.dataDir ?? '',
      })),
    )
  }

  /** Clients first: their settlement needs the providers. */
  async stop(): Promise<void> {
    this.#stopping = true
    const members = [...this.#members.values()]
    const hasClient = ({ peers }: Member) => peers.some(({ role }) => role === 'client')
    await Promise.all(members.filter(hasClient).map(({ child }) => child.stop()))
    await Promise.all(members.map(({ child }) => child.stop()))
  }

  kill(): void {
    this.#stopping = true
    for (const { child } of this.#members.values()) child.kill()
  }

  async #launch(name: string, config: ProcessConfig): Promise<void> {
    const { run, peerModule, emit, onChange } = this.#options
    const { child, ready } = await startChild({
      name,
      modulePath: peerModule,
      configFile: run.configFile(name),
      logFile: run.logFile(name),
      readyTimeoutMs: PEER_READY_TIMEOUT_MS,
      onMessage: (message) => {
        if (message.kind === 'event') emit(message.event)
      },
      onExit: (how) => this.#ended(name, how),
    })
    if (ready.kind !== 'ready')
      throw new UnavailableError('CHILD_EXITED', `${name} said ${ready.kind}`)
    if (this.#stopping) await child.stop()
    this.#members.set(name, { config, child, peers: ready.peers })
    onChange()
  }

  #ended(name: string, how: { code: number | null; signal: string | null }): void {
    const member = this.#members.get(name)
    // Not a member yet: start() reports it to its caller.
    if (this.#stopping || member === undefined) return
    this.#warn(name, 'PEER_EXITED', `ended with ${how.signal ?? `code ${how.code}`}`)
    this.#options.onChange()
    if (this.#options.restart) void this.#restart(name, member.config)
  }

  async #restart(name: string, config: ProcessConfig): Promise<void> {
    await wait(RESTART_DELAY_MS)
    if (this.#stopping) return
    try {
      await this.#launch(name, config)
      this.#warn(name, 'PEER_RESTARTED', 'runs again with its old data folder')
    } catch {
      this.#warn(
        name,
        'PEER_RESTART_FAILED',
        `did not start again; read ${this.#options.run.logFile(name)}`,
      )
    }
  }

  #warn(peer: string, code: string, message: string): void {
    this.#options.emit({ atMs: Date.now(), peer, kind: 'warning', code, message })
  }
}
