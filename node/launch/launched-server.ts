/**
 * A server that this node starts from a launch description, keeps running and talks to: on a port of 127.0.0.1
 * whose listener it started, with weights that it hashed, and with nothing else in the way.
 */
import { createServer, connect as openSocket, type Socket } from 'node:net'
import { RestartBackoff } from '#inference/onnx/restart-backoff.ts'
import { commandOf, type LaunchDescription } from '#inference/upstream/launch/description.ts'
import type { Clock } from '#protocol/clock.ts'
import { asCocoonError, type CocoonError, type ErrorData } from '#protocol/errors.ts'
import { sleep } from '../async.ts'
import {
  LAUNCH_ELSEWHERE_LOOK_EVERY_MS,
  LAUNCH_LOOK_EVERY_MS,
  LAUNCH_PROGRESS_EVERY_MS,
  LAUNCH_READY_TIMEOUT_MS,
  LAUNCH_STABLE_MS,
} from './constants.ts'
import { launchFailed } from './errors.ts'
import { type ServerLife, startServer } from './keeper-link.ts'
import { loopbackFetch } from './loopback-fetch.ts'
import { copyModel, expectFile } from './measured-files.ts'
import { openPrivateFolder, type PrivateFolder, sealFolder } from './private-folder.ts'
import { ServerSockets } from './server-sockets.ts'

export interface LaunchOptions {
  readonly description: LaunchDescription
  /** Where the model lies; the server sees a copy. */
  readonly modelFolder: string
  /** A file system in memory, for that copy. */
  readonly parentFolder: string
  readonly clock: Clock
  readonly log: (event: string, data: ErrorData) => void
  /** It is ready again, or no more. */
  readonly onChange: () => void
  /** Ends a start that takes too long. */
  readonly signal?: AbortSignal | undefined
}

export interface LaunchedServer extends AsyncDisposable {
  /** Of this moment: each start has a port of its own. */
  readonly url: string
  /** Reaches the launched server and nothing else, whatever address it is given. */
  readonly fetch: typeof globalThis.fetch
  /** The copy that the server sees. */
  readonly modelFolder: string
  readonly isReady: boolean
  /** Of the server; undefined while none runs. */
  readonly processId: number | undefined
  /** Why it is not ready, or was not the last time. */
  readonly trouble: CocoonError | undefined
}

/**
 * Hashes, copies, starts, and waits until the server is ready. Afterwards it is started again whenever it ends.
 * @throws ConfigError LAUNCH_FILE_CHANGED, LAUNCH_FOLDER, LAUNCH_UNSUPPORTED
 * @throws UnavailableError LAUNCH_FAILED, LAUNCH_LISTENER
 */
export async function startLaunchedServer(options: LaunchOptions): Promise<LaunchedServer> {
  const folder = await openPrivateFolder(options.parentFolder)
  const server = new Launched(options, folder)
  try {
    await server.open()
    return server
  } catch (thrown) {
    await server[Symbol.asyncDispose]()
    throw options.signal?.aborted ? launchFailed('stopped') : thrown
  }
}

class Launched implements LaunchedServer {
  readonly fetch = loopbackFetch((signal) => this.#connect(signal))
  readonly #options: LaunchOptions
  readonly #folder: PrivateFolder
  readonly #closed = new AbortController()
  readonly #backoff: RestartBackoff
  #life: ServerLife | undefined
  #sockets: ServerSockets | undefined
  #lookedMs = 0
  #port = 0
  #keeping: Promise<void> | undefined
  isReady = false
  trouble: CocoonError | undefined

  constructor(options: LaunchOptions, folder: PrivateFolder) {
    this.#options = options
    this.#folder = folder
    this.#backoff = new RestartBackoff(options.clock)
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get modelFolder(): string {
    return this.#folder.modelFolder
  }

  get processId(): number | undefined {
    return this.#life?.process.id
  }

  async open(): Promise<void> {
    const { signal = this.#closed.signal } = this.#options
    const either = AbortSignal.any([signal, this.#closed.signal])
    await this.#copy(either)
    const life = await this.#start(either)
    this.#keeping = this.#keep(life)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isReady = false
    this.#closed.abort()
    await this.#life?.stop()
    await this.#keeping
    await this.#folder[Symbol.asyncDispose]()
  }

  async #copy(signal: AbortSignal): Promise<void> {
    const { description, modelFolder, log, clock } = this.#options
    let saidMs = clock.nowMs()
    const onProgress = (done: { readonly bytes: number; readonly bytesTotal: number }) => {
      if (clock.nowMs() - saidMs < LAUNCH_PROGRESS_EVERY_MS) return
      saidMs = clock.nowMs()
      log('the model is copied into memory', done)
    }
    const target = this.#folder.modelFolder
    const { files } = description.model
    await copyModel({ source: modelFolder, target, files, onProgress }, signal)
    await sealFolder(target)
  }

  /** @throws ConfigError LAUNCH_FILE_CHANGED; UnavailableError LAUNCH_FAILED, LAUNCH_LISTENER */
  async #start(signal: AbortSignal): Promise<ServerLife> {
    const { description } = this.#options
    for (const file of [description.executable, ...description.files]) {
      await expectFile(file, signal)
    }
    this.#port = await freePort()
    const places = { port: this.#port, modelFolder: this.#folder.modelFolder }
    const life = await startServer(commandOf(description, places), this.#folder)
    this.#life = life
    const { listensElsewhere } = description
    this.#sockets = new ServerSockets({ root: life.process, port: this.#port, listensElsewhere })
    try {
      await this.#untilReady(life, signal)
    } catch (thrown) {
      await life.stop()
      throw signal.aborted ? launchFailed('stopped') : thrown
    }
    this.isReady = true
    this.trouble = undefined
    return life
  }

  async #untilReady(life: ServerLife, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    const startedMs = clock.nowMs()
    for (let saidMs = startedMs; ; await sleep(LAUNCH_LOOK_EVERY_MS, signal)) {
      if (life.hasEnded) throw launchFailed('ended')
      if ((await this.#isListening()) && (await this.#isHealthy(signal))) return
      const nowMs = clock.nowMs()
      if (nowMs - startedMs > LAUNCH_READY_TIMEOUT_MS) throw launchFailed('not ready')
      if (nowMs - saidMs < LAUNCH_PROGRESS_EVERY_MS) continue
      saidMs = nowMs
      log('the launched server still loads', { seconds: Math.round((nowMs - startedMs) / 1000) })
    }
  }

  /** A server that loads refuses connections, or answers 503; one without this path answers 404. */
  async #isHealthy(signal: AbortSignal): Promise<boolean> {
    try {
      const { status, body } = await this.fetch(`${this.url}/health`, { signal })
      await body?.cancel()
      return status === 200 || status === 404 || status === 405
    } catch {
      return false
    }
  }

  /** Starts it again whenever it ends, with longer and longer waits; never throws. */
  async #keep(first: ServerLife): Promise<void> {
    const { clock, log, onChange } = this.#options
    const { signal } = this.#closed
    let life: ServerLife | undefined = first
    while (!signal.aborted) {
      const sinceMs = clock.nowMs()
      await life?.ended
      this.isReady = false
      if (signal.aborted) return
      if (life !== undefined) onChange()
      if (life !== undefined && clock.nowMs() - sinceMs >= LAUNCH_STABLE_MS)
        this.#backoff.succeeded()
      this.#backoff.failed()
      this.trouble ??= launchFailed('ended')
      log('the launched server is started again', { code: this.trouble.code })
      try {
        await sleep(this.#backoff.waitMs(), signal)
        life = await this.#start(signal)
        onChange()
      } catch (thrown) {
        life = undefined
        this.trouble = asCocoonError(thrown)
      }
    }
  }

  /** @throws UnavailableError LAUNCH_FAILED, LAUNCH_LISTENER */
  async #isListening(): Promise<boolean> {
    const sockets = this.#sockets
    if (sockets === undefined || this.#life?.hasEnded !== false) throw launchFailed('ended')
    if (!(await sockets.isListening())) return false
    const nowMs = this.#options.clock.nowMs()
    if (this.isReady && nowMs - this.#lookedMs < LAUNCH_ELSEWHERE_LOOK_EVERY_MS) return true
    await sockets.expectNoneElsewhere()
    this.#lookedMs = nowMs
    return true
  }

  /**
   * A connection whose other end is a process of the server, before a byte is sent on it.
   * @throws UnavailableError LAUNCH_FAILED, LAUNCH_LISTENER
   */
  async #connect(signal: AbortSignal): Promise<Socket> {
    const [sockets, port] = [this.#sockets, this.#port]
    if (sockets === undefined || !(await this.#isListening())) throw launchFailed('not ready')
    const socket = openSocket({ host: '127.0.0.1', port, signal, noDelay: true })
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve)
        socket.once('error', reject)
      })
      await sockets.expectTaken(socket.localPort ?? 0, signal)
      return socket
    } catch (thrown) {
      socket.destroy()
      throw thrown
    }
  }
}

/** A port that was free a moment ago; who listens on it is looked at before it is used. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw launchFailed('not started')
  return address.port
}
