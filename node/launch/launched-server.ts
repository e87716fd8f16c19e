/**
 * A server that this node starts from a launch description, keeps running and talks to: on a port of 127.0.0.1
 * whose listener it started, with weights that it hashed, and with nothing else in the way.
 */
import { RestartBackoff } from '#inference/onnx/process/restart-backoff.ts'
import type { LaunchDescription } from '#inference/upstream/launch/description.ts'
import type { Clock } from '#protocol/clock.ts'
import { asCocoonError, type CocoonError, type ErrorData } from '#protocol/errors.ts'
import { sleep } from '../async.ts'
import { LAUNCH_PROGRESS_EVERY_MS, LAUNCH_STABLE_MS } from './constants.ts'
import { launchFailed } from './errors.ts'
import { loopbackFetch } from './loopback-fetch.ts'
import { copyModel } from './measured-files.ts'
import { openPrivateFolder, type PrivateFolder, sealFolder } from './private-folder.ts'
import { ServerRun } from './server-run.ts'

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
  /** Of the last one that was ready; it may have ended. */
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
  readonly fetch = loopbackFetch(async (signal) => {
    if (this.#run === undefined) throw launchFailed('ended')
    return this.#run.connect(signal)
  })
  readonly #options: LaunchOptions
  readonly #folder: PrivateFolder
  readonly #closed = new AbortController()
  readonly #backoff: RestartBackoff
  /** The last one that was ready; it may have ended. */
  #run: ServerRun | undefined
  #keeping: Promise<void> | undefined
  isReady = false
  trouble: CocoonError | undefined

  constructor(options: LaunchOptions, folder: PrivateFolder) {
    this.#options = options
    this.#folder = folder
    this.#backoff = new RestartBackoff(options.clock)
  }

  get url(): string {
    return this.#run?.url ?? ''
  }

  get modelFolder(): string {
    return this.#folder.modelFolder
  }

  get processId(): number | undefined {
    return this.#run?.processId
  }

  async open(): Promise<void> {
    const { signal = this.#closed.signal } = this.#options
    const either = AbortSignal.any([signal, this.#closed.signal])
    await this.#copy(either)
    this.#keeping = this.#keep(await this.#start(either))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort()
    await this.#run?.stop()
    await this.#keeping
    // One that became ready at this very moment.
    await this.#run?.stop()
    this.isReady = false
    await this.#folder[Symbol.asyncDispose]()
  }

  async #copy(signal: AbortSignal): Promise<void> {
    const { description, modelFolder, log } = this.#options
    let saidMs = performance.now()
    const onProgress = (done: { readonly bytes: number; readonly bytesTotal: number }) => {
      const nowMs = performance.now()
      if (nowMs - saidMs < LAUNCH_PROGRESS_EVERY_MS) return
      saidMs = nowMs
      log('the model is copied into memory', done)
    }
    const target = this.#folder.modelFolder
    const { files } = description.model
    await copyModel({ source: modelFolder, target, files, onProgress }, signal)
    await sealFolder(target)
  }

  async #start(signal: AbortSignal): Promise<ServerRun> {
    const { description, log } = this.#options
    const run = await ServerRun.start({ description, folder: this.#folder, log }, signal)
    this.#run = run
    this.isReady = true
    this.trouble = undefined
    return run
  }

  /** Starts it again whenever it ends, with longer and longer waits; never throws. */
  async #keep(first: ServerRun): Promise<void> {
    const { log, onChange } = this.#options
    const { signal } = this.#closed
    let run: ServerRun | undefined = first
    while (!signal.aborted) {
      if (run !== undefined) await this.#untilEnded(run)
      if (signal.aborted) return
      this.#backoff.failed()
      log('the launched server is started again', { code: this.trouble?.code ?? '' })
      try {
        await sleep(this.#backoff.waitMs(), signal)
        run = await this.#start(signal)
        onChange()
      } catch (thrown) {
        run = undefined
        this.trouble = asCocoonError(thrown)
      }
    }
  }

  async #untilEnded(run: ServerRun): Promise<void> {
    const { onChange } = this.#options
    const sinceMs = performance.now()
    await run.ended
    this.isReady = false
    this.trouble = launchFailed('ended')
    if (performance.now() - sinceMs >= LAUNCH_STABLE_MS) this.#backoff.succeeded()
    if (!this.#closed.signal.aborted) onChange()
  }
}
