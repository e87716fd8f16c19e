/**
 * Between a node and the server that it launched: `node keeper-process.ts`, started with a channel to the node.
 * It starts one server, and ends it when the node says so or is gone, however it went: the channel closes with
 * the node. It ends when the server did.
 */
import { spawn } from 'node:child_process'
import { type FromKeeper, ToKeeper } from './keeper-messages.ts'
import { killTree, type ProcessName, sendGroup } from './kill-tree.ts'
import { removeFolder } from './private-folder.ts'
import { processFacts } from './process-tree.ts'

let server: ProcessName | undefined
let privateFolder: string | undefined
let graceMs = 0
let isStopping = false
let isOrphaned = false

function tell(message: FromKeeper): void {
  process.send?.(message)
}

function start(message: Extract<ToKeeper, { kind: 'start' }>): void {
  privateFolder = message.privateFolder
  graceMs = message.graceMs
  // A session of its own, and nothing inherited; what it prints could quote a prompt.
  const child = spawn(message.executable, message.arguments, {
    cwd: message.workFolder,
    env: message.environment,
    detached: true,
    stdio: 'ignore',
  })
  child.once('error', () => {
    tell({ kind: 'failed' })
    process.exit(1)
  })
  child.once('exit', () => void ended())
  child.once('spawn', () => void started(child.pid ?? 0))
}

async function started(id: number): Promise<void> {
  const facts = await processFacts(id)
  if (facts === undefined) return
  server = { id, startTicks: facts.startTicks }
  tell({ kind: 'started', processId: id, startTicks: facts.startTicks })
  if (isStopping) stop()
}

/** Those that it left behind do not outlive it. */
async function ended(): Promise<void> {
  if (server !== undefined) await killTree(server)
  // The folder is the node's to remove while there is one.
  if (!isOrphaned) process.exit(0)
}

function stop(): void {
  isStopping = true
  if (server === undefined) return
  const root = server
  sendGroup(root.id, 'SIGTERM')
  setTimeout(() => void killTree(root), graceMs)
}

async function orphaned(): Promise<void> {
  isOrphaned = true
  if (server !== undefined) await killTree(server)
  if (privateFolder !== undefined) await removeFolder(privateFolder)
  process.exit(1)
}

process.on('message', (raw) => {
  const message = ToKeeper.parse(raw)
  if (message.kind === 'start') start(message)
  else stop()
})
process.once('disconnect', () => void orphaned())
process.on('SIGTERM', stop)
