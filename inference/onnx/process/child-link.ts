/** Starts one engine process and speaks with it until either side ends. */
import { type ChildProcess, fork } from 'node:child_process'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { asCocoonError, type CocoonError, ConfigError, UnavailableError } from '#protocol/errors.ts'
import { ENGINE_HEAP_MIB } from '../../constants.ts'
import { FromChild, type LoadMessage, type ReadyMessage, type ToChild } from './messages.ts'

const CHILD = fileURLToPath(new URL('./engine-child.ts', import.meta.url))

export interface ChildListener {
  message(message: FromChild): void
  /** Called once, after `ready`: the process is gone, or spoke nonsense and was killed. */
  gone(error: CocoonError): void
}

export interface ChildLink {
  readonly ready: ReadyMessage
  readonly processId: number
  send(message: ToChild): void
  /** Kills the process (it holds nothing worth saving) and waits until it is gone. */
  close(): Promise<void>
}

/**
 * Resolves when the model is loaded.
 * @throws ConfigError what the model was refused for, or MODEL_LOAD_FAILED when the process ended
 *   while it loaded
 */
export async function startChild(
  load: LoadMessage,
  listener: ChildListener,
  signal: AbortSignal | undefined,
  environment: Readonly<Record<string, string>> = {},
): Promise<ChildLink> {
  if (signal?.aborted) throw loadFailed()
  const child = spawnEngineProcess(CHILD, load.device === 'cpu' ? {} : environment)
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const kill = () => child.kill('SIGKILL')
  signal?.addEventListener('abort', kill, { once: true })
  try {
    const ready = await handshake(child, load)
    const stopListening = listen(child, listener)
    return {
      ready,
      processId: child.pid ?? 0,
      send: (message) => {
        // A write to a process that just died fails; its exit is what the listener is told.
        if (child.connected) child.send(message, () => {})
      },
      close: () => {
        stopListening()
        kill()
        return exited
      },
    }
  } catch (thrown) {
    kill()
    throw thrown
  } finally {
    signal?.removeEventListener('abort', kill)
  }
}

/**
 * V8's middle compiler is left out: loops over the vocabulary stay in its code for good, at a fifth of the
 * speed that the optimising compiler's has (Node 24.21).
 */
export const ENGINE_PROCESS_FLAGS = [`--max-old-space-size=${ENGINE_HEAP_MIB}`, '--no-maglev']

/**
 * onnxruntime's attention without tiles: all heads and rows of a step are shared out among the threads at once,
 * where its tiles are computed row by row when the rows have different lengths, as streams do (1.30.0).
 */
const ATTENTION_WITHOUT_TILES = { ORT_GQA_DISABLE_FLASH_ATTENTION: '1' }

/**
 * No environment (NODE_OPTIONS and the owner's secrets stay out) but what is named, no inherited flags, and no
 * output: what a crash prints could quote a prompt. The temporary folder is only a neutral place.
 */
export function spawnEngineProcess(
  file: string,
  environment: Readonly<Record<string, string>> = {},
  given: readonly string[] = [],
): ChildProcess {
  return fork(file, given, {
    cwd: tmpdir(),
    env: { ...environment, ...ATTENTION_WITHOUT_TILES },
    execArgv: ENGINE_PROCESS_FLAGS,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
}

function handshake(child: ChildProcess, load: LoadMessage): Promise<ReadyMessage> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(loadFailed())
    child.once('error', ended)
    child.once('exit', ended)
    child.once('message', (raw) => {
      child.off('error', ended)
      child.off('exit', ended)
      const parsed = FromChild.safeParse(raw)
      if (parsed.data?.kind === 'ready') resolve(parsed.data)
      else if (parsed.data?.kind === 'refused') reject(refused(parsed.data))
      else reject(loadFailed())
    })
    child.send(load, (error) => {
      if (error !== null) ended()
    })
  })
}

/** Returns what ends it: after a close on purpose nobody needs to be told. */
function listen(child: ChildProcess, listener: ChildListener): () => void {
  let isGone = false
  const gone = () => {
    if (isGone) return
    isGone = true
    child.kill('SIGKILL')
    listener.gone(crashed())
  }
  child.on('message', (raw) => {
    const parsed = FromChild.safeParse(raw)
    if (parsed.success && !isGone) listener.message(parsed.data)
    else gone()
  })
  child.once('error', gone)
  child.once('exit', gone)
  if (child.exitCode !== null || child.signalCode !== null) gone()
  return () => {
    isGone = true
  }
}

/** Also for callers who come while the engine rests. */
export function crashed(): UnavailableError {
  return new UnavailableError('ENGINE_CRASHED', 'the engine process ended', {
    remedy: 'Try again: it restarts by itself. If it lasts, raise its memory limit.',
  })
}

/** Dying again while it loads is a crash like any other; a changed model is named as such. */
export function restartError(thrown: unknown): CocoonError {
  const error = asCocoonError(thrown)
  return error.code === 'MODEL_LOAD_FAILED' ? crashed() : error
}

export function loadFailed(): ConfigError {
  return new ConfigError(
    'MODEL_LOAD_FAILED',
    'the engine process ended while it loaded the model',
    {
      remedy: 'Raise the memory limit, or use another model.',
    },
  )
}

function refused(message: { code: string; message: string; remedy: string }): ConfigError {
  return new ConfigError(message.code, message.message, { remedy: message.remedy })
}
