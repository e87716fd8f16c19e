/** Peers as processes of a test: started, ordered about, killed and started again on the same disk. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import type { NetworkFile } from '#node/testnet/network-file.ts'

export interface FaultPeerConfig {
  readonly role: 'provider' | 'client' | 'first'
  readonly name: string
  readonly dataDir: string
  readonly file: NetworkFile
  readonly bootstrap: readonly string[]
  /** How far its clock is ahead of the machine's. */
  readonly aheadMs: number
  readonly provider?: { readonly name: string; readonly addresses: readonly string[] }
}

/** What one side holds of a channel, as text that can be compared. */
export interface FaultLedger {
  readonly address: string
  readonly voucherNano: string
  readonly leaves: number
  readonly root: string
  readonly usedNano: string
  readonly status: string
}

export type FaultOrder = { readonly id: number } & (
  | { readonly kind: 'arm'; readonly point: string; readonly isSelf: boolean }
  | { readonly kind: 'advance'; readonly aheadMs: number }
  /** Left after `readTokensMax`. */
  | { readonly kind: 'chat'; readonly maxTokens: number; readonly readTokensMax?: number }
  | { readonly kind: 'moved'; readonly addresses: readonly string[] }
  | { readonly kind: 'settle' | 'settle-alone' | 'stop' | 'rest' | 'ledgers' | 'visits' | 'disarm' }
)

export interface FaultReply {
  readonly id: number
  readonly addresses?: readonly string[]
  readonly tokens?: number
  readonly code?: string
  readonly text?: string
  readonly ledgers?: readonly FaultLedger[]
  /** Points reached since the last order of this kind. */
  readonly visits?: readonly string[]
}

type Order = FaultOrder extends infer One ? (One extends unknown ? Omit<One, 'id'> : never) : never

export class FaultProcess {
  readonly child: ChildProcess
  readonly #waiting = new Map<number, (reply: FaultReply) => void>()
  #orders = 0
  addresses: readonly string[] = []
  /** Of a client: what its callers got, at its price. */
  deliveredNano = 0n

  private constructor(child: ChildProcess) {
    this.child = child
    child.on('message', (said: FaultReply | { readonly deliveredNano: string }) => {
      if ('deliveredNano' in said) this.deliveredNano = BigInt(said.deliveredNano)
      else this.#waiting.get(said.id)?.(said)
    })
    child.on('exit', () => {
      for (const [id, resolve] of this.#waiting) resolve({ id, code: 'KILLED' })
    })
  }

  static async start(module: string, parameters: readonly string[]): Promise<FaultProcess> {
    const child = fork(new URL(module, import.meta.url).pathname, parameters, {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe'],
    })
    const started = new FaultProcess(child)
    // Whoever is killed while it stands still at an armed moment resets its end.
    child.stdio[4]?.on('error', () => undefined)
    const ready = await started.#reply(0)
    if (ready.code !== undefined) throw new Error(`${module} ended before it was ready`)
    started.addresses = ready.addresses ?? []
    return started
  }

  static peer(config: FaultPeerConfig): Promise<FaultProcess> {
    return FaultProcess.start('fault-peer-process.ts', [JSON.stringify(config)])
  }

  order(order: Order): Promise<FaultReply> {
    const id = ++this.#orders
    const reply = this.#reply(id)
    if (this.isAlive) this.child.send({ ...order, id }, () => undefined)
    else this.#waiting.get(id)?.({ id, code: 'KILLED' })
    return reply
  }

  /** Runs `act` while the peer stands still at its armed moment. */
  atStep(act: () => Promise<void>): void {
    const gate = this.child.stdio[4] as Duplex
    gate.once('data', () => void act().then(() => gate.write('x')))
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  async kill(): Promise<void> {
    if (!this.isAlive) return
    const exited = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await exited
  }

  #reply(id: number): Promise<FaultReply> {
    return new Promise((resolve) => {
      this.#waiting.set(id, (reply) => {
        this.#waiting.delete(id)
        resolve(reply)
      })
    })
  }
}
