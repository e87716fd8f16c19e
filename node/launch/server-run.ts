/** One run of a launched server: from the look at its files to its end, on a port of its own. */
import { connect as openSocket, type Socket } from 'node:net'
import { commandOf, type LaunchDescription } from '#inference/upstream/launch/description.ts'
import { CocoonError, type ErrorData } from '#protocol/errors.ts'
import { sleep } from '../async.ts'
import {
  LAUNCH_ELSEWHERE_LOOK_EVERY_MS,
  LAUNCH_ENDING_WAIT_MS,
  LAUNCH_HEALTH_TIMEOUT_MS,
  LAUNCH_LOOK_EVERY_MS,
  LAUNCH_PROGRESS_EVERY_MS,
  LAUNCH_READY_TIMEOUT_MS,
} from './constants.ts'
import { launchFailed } from './errors.ts'
import { freePort } from './free-port.ts'
import { type ServerLife, startServer } from './keeper-link.ts'
import { loopbackFetch } from './loopback-fetch.ts'
import { expectFiles } from './measured-files.ts'
import type { PrivateFolder } from './private-folder.ts'
import { ServerSockets } from './server-sockets.ts'
import { SharedLook } from './shared-look.ts'

export interface RunOptions {
  readonly description: LaunchDescription
  /** With the copy of the model in it. */
  readonly folder: PrivateFolder
  readonly log: (event: string, data: ErrorData) => void
}

export class ServerRun {
  readonly #options: RunOptions
  readonly #life: ServerLife
  readonly #port: number
  readonly #sockets: ServerSockets
  readonly #elsewhere = new SharedLook(() => this.#sockets.expectNoneElsewhere())
  /** By the steady clock: one that is set back must not stop the looks. */
  #lookedMs = Number.NEGATIVE_INFINITY

  private constructor(options: RunOptions, life: ServerLife, port: number) {
    const { listensElsewhere } = options.description
    this.#options = options
    this.#life = life
    this.#port = port
    this.#sockets = new ServerSockets({ root: life.root, port, listensElsewhere })
  }

  /**
   * Resolves when the server is ready; what was started is ended before anything is thrown.
   * @throws ConfigError LAUNCH_FILE_CHANGED; UnavailableError LAUNCH_FAILED, LAUNCH_LISTENER
   */
  static async start(options: RunOptions, signal: AbortSignal): Promise<ServerRun> {
    const { description, folder } = options
    await expectFiles(description, signal)
    const port = await freePort()
    const places = { port, modelFolder: folder.modelFolder, workFolder: await folder.emptyWork() }
    const command = { ...commandOf(description, places), workFolder: places.workFolder }
    const run = new ServerRun(options, await startServer(command, folder), port)
    try {
      await run.#untilReady(signal)
      return run
    } catch (thrown) {
      await run.stop()
      throw thrown
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get processId(): number {
    return this.#life.processId
  }

  /** Never rejects. */
  get ended(): Promise<void> {
    return this.#life.ended
  }

  stop(): Promise<void> {
    return this.#life.stop()
  }

  /**
   * A connection whose other end is a process of the server, before a byte is sent on it.
   * @throws UnavailableError LAUNCH_FAILED, LAUNCH_LISTENER
   */
  async connect(signal: AbortSignal): Promise<Socket> {
    if (this.#life.hasEnded) throw launchFailed('ended')
    const socket = openSocket({ host: '127.0.0.1', port: this.#port, signal, noDelay: true })
    const closed = new AbortController()
    socket.once('close', () => closed.abort(launchFailed('ended')))
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve)
        socket.once('error', (cause) => {
          reject(signal.aborted ? cause : launchFailed('not ready', cause))
        })
      })
      // A server that ends takes its connections along: nobody will take this one any more.
      const either = AbortSignal.any([signal, closed.signal])
      await this.#sockets.expectTaken(socket.localPort ?? 0, either)
      await this.#lookElsewhere()
      return socket
    } catch (thrown) {
      const error = await this.#judged(thrown, closed.signal)
      socket.destroy()
      throw error
    }
  }

  /** A process that ends lets go of its files before its sockets close: for a moment its listener is nobody's. */
  async #judged(thrown: unknown, closed: AbortSignal): Promise<unknown> {
    if (!(thrown instanceof CocoonError) || thrown.data['rule'] !== 'foreign') return thrown
    await sleep(LAUNCH_ENDING_WAIT_MS, closed).catch(() => undefined)
    try {
      return (await this.#sockets.isListening()) ? thrown : launchFailed('ended')
    } catch (still) {
      return still
    }
  }

  /** @throws UnavailableError LAUNCH_LISTENER */
  async #lookElsewhere(): Promise<void> {
    const nowMs = performance.now()
    if (nowMs - this.#lookedMs < LAUNCH_ELSEWHERE_LOOK_EVERY_MS) return
    await this.#elsewhere.fresh()
    this.#lookedMs = nowMs
  }

  async #untilReady(signal: AbortSignal): Promise<void> {
    const { log } = this.#options
    const fetch = loopbackFetch((wanted) => this.connect(wanted))
    const startedMs = performance.now()
    for (let saidMs = startedMs; ; await sleep(LAUNCH_LOOK_EVERY_MS, signal)) {
      if (this.#life.hasEnded) throw launchFailed('ended')
      if (await this.#sockets.isListening()) {
        await this.#lookElsewhere()
        if (await isHealthy(fetch, this.url, signal)) break
      }
      const nowMs = performance.now()
      if (nowMs - startedMs > LAUNCH_READY_TIMEOUT_MS) throw launchFailed('not ready')
      if (nowMs - saidMs < LAUNCH_PROGRESS_EVERY_MS) continue
      saidMs = nowMs
      log('the launched server still loads', { seconds: Math.round((nowMs - startedMs) / 1000) })
    }
    // What it opened while it loaded is seen before anything is asked of it.
    await this.#sockets.expectNoneElsewhere()
  }
}

/**
 * A server that loads refuses connections, answers 503, or says nothing for a while; one without this path
 * answers 404.
 */
async function isHealthy(
  fetch: typeof globalThis.fetch,
  url: string,
  signal: AbortSignal,
): Promise<boolean> {
  const either = AbortSignal.any([signal, AbortSignal.timeout(LAUNCH_HEALTH_TIMEOUT_MS)])
  try {
    const { status, body } = await fetch(`${url}/health`, { signal: either })
    await body?.cancel()
    return status === 200 || status === 404 || status === 405
  } catch {
    return false
  }
}
