/** One life of a launched server: a keeper process, and the server that it started. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { LAUNCH_STOP_GRACE_MS } from './constants.ts'
import { launchFailed } from './errors.ts'
import { FromKeeper, type ToKeeper } from './keeper-messages.ts'
import { killTree, type ProcessName } from './kill-tree.ts'
import type { PrivateFolder } from './private-folder.ts'
import { processFacts } from './process-tree.ts'

const KEEPER = fileURLToPath(new URL('./keeper-process.ts', import.meta.url))

export interface LaunchCommand {
  readonly executable: string
  readonly arguments: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly workFolder: string
}

export interface ServerLife {
  /** Of the server. */
  readonly processId: number
  /** From which the server and all that it starts descend, also those that leave it. */
  readonly root: ProcessName
  /** Resolves when the server and its keeper are gone; never rejects. */
  readonly ended: Promise<void>
  readonly hasEnded: boolean
  /** Ends both and waits for that. */
  stop(): Promise<void>
}

/** @throws UnavailableError LAUNCH_FAILED when the executable cannot be started */
export async function startServer(
  command: LaunchCommand,
  folder: PrivateFolder,
): Promise<ServerLife> {
  // A session of its own: a Ctrl-C at the terminal is the node's to handle, so that answers can end first.
  const keeper = fork(KEEPER, [], {
    ...{ cwd: '/', env: {}, execArgv: [], detached: true },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const send = (message: ToKeeper) => {
    // A keeper that just ended is seen by its exit.
    if (keeper.connected) keeper.send(message, () => undefined)
  }
  const gone = new Promise<void>((resolve) => {
    keeper.once('exit', () => resolve())
    keeper.once('error', () => resolve())
  })
  const terms = { privateFolder: folder.path, graceMs: LAUNCH_STOP_GRACE_MS }
  const environment = { ...command.environment }
  send({ kind: 'start', ...command, arguments: [...command.arguments], environment, ...terms })
  const first = new Promise<unknown>((resolve) => keeper.once('message', resolve))
  const answer = FromKeeper.safeParse(await Promise.race([first, gone])).data
  if (answer?.kind !== 'started') {
    keeper.kill('SIGKILL')
    throw launchFailed('not started')
  }
  const server = { id: answer.processId, startTicks: answer.startTicks }
  let hasEnded = false
  // Also where somebody killed the keeper: then nobody else would end the server.
  const ended = gone
    .then(() => killTree(server))
    .catch(() => undefined)
    .then(() => {
      hasEnded = true
    })
  const stop = () => {
    send({ kind: 'stop' })
    return ended
  }
  const root = await noteDown(folder, keeper.pid ?? 0, server).catch(async (cause: unknown) => {
    await stop()
    throw launchFailed('not started', cause)
  })
  return {
    ...{ processId: server.id, root, ended, stop },
    get hasEnded() {
      return hasEnded
    },
  }
}

async function noteDown(
  folder: PrivateFolder,
  id: number,
  server: ProcessName,
): Promise<ProcessName> {
  // A keeper that is gone already took its server with it, and nothing descends from it.
  const startTicks = (await processFacts(id))?.startTicks ?? ''
  const keeper = { id, startTicks }
  await folder.note({ keeper, server })
  return keeper
}
