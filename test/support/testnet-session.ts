/** A testnet run by the program itself, as a person would start it, and what tests ask of it. */
import { setTimeout as wait } from 'node:timers/promises'
import { LocalApi } from '#node/gateway/local-api-client.ts'
import type { NodeEvent } from '#node/roles/events.ts'
import {
  type CliOptions,
  type CliProcess,
  type CliResult,
  cli,
  descendants,
  isRunning,
  parseStatus,
  type Status,
  startCli,
} from './testnet-cli.ts'

const READY_LIMIT_MS = 240_000
const POLL_MS = 25

export class TestnetSession {
  readonly process: CliProcess
  readonly #options: CliOptions
  readonly #data: string

  private constructor(process: CliProcess, data: string, options: CliOptions) {
    this.process = process
    this.#data = data
    this.#options = options
  }

  /** Resolves when the program said that it is ready. */
  static async start(
    parameters: readonly string[],
    data: string,
    options: CliOptions,
  ): Promise<TestnetSession> {
    const process = startCli(['testnet', '--json', '--data', data, ...parameters], options)
    const session = new TestnetSession(process, data, options)
    try {
      await session.until(() => /^ready in /m.test(process.stderr()), READY_LIMIT_MS)
    } catch (error) {
      process.signal('SIGKILL')
      throw new Error(`no testnet:\n${process.stderr()}`, { cause: error })
    }
    return session
  }

  /** Runs another command against this testnet. */
  command(...parameters: readonly string[]): Promise<CliResult> {
    return cli([...parameters, '--data', this.#data], this.#options)
  }

  async status(): Promise<Status> {
    const { code, stdout, stderr } = await this.command('testnet', 'status', '--json')
    if (code !== 0) throw new Error(`status ended with ${code}: ${stderr}`)
    return parseStatus(stdout)
  }

  async api(): Promise<LocalApi> {
    return new LocalApi((await this.status()).apiUrl)
  }

  /** What the network told so far. */
  events(): NodeEvent[] {
    return this.process
      .stdout()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
  }

  /** Waits for a state, never for a while. */
  async until(reached: () => boolean | Promise<boolean>, limitMs = 120_000): Promise<void> {
    const late = performance.now() + limitMs
    while (!(await reached())) {
      if (performance.now() > late) throw new Error(`not true within ${limitMs} ms: ${reached}`)
      if (!isRunning(this.process.pid)) throw new Error(`ended: ${this.process.stderr()}`)
      await wait(POLL_MS)
    }
  }

  /** Resolves when the orchestrator has started a peer again, after this many earlier events. */
  async restarted(peer: string, since: number): Promise<void> {
    await this.until(() =>
      this.events()
        .slice(since)
        .some(
          (event) =>
            event.kind === 'warning' && event.peer === peer && event.code === 'PEER_RESTARTED',
        ),
    )
  }

  descendants = (): number[] => descendants(this.process.pid)

  /** Ends it however it stands; every process below ends with it. */
  async end(): Promise<void> {
    const below = this.descendants()
    this.process.signal('SIGKILL')
    await this.process.ended.catch(() => undefined)
    await untilGone(below)
  }
}

/** @throws when one of the processes outlives the limit; it is killed then */
export async function untilGone(pids: readonly number[], limitMs = 120_000): Promise<void> {
  const late = performance.now() + limitMs
  while (pids.some(isRunning)) {
    if (performance.now() > late) {
      const left = pids.filter(isRunning)
      for (const pid of left) process.kill(pid, 'SIGKILL')
      throw new Error(`processes were left behind: ${left.join(', ')}`)
    }
    await wait(POLL_MS)
  }
}
