/**
 * Between a node and the server that it launched: `node keeper-process.ts`, started with a channel to the node.
 * It starts one server, and ends it when the node says so or is gone, however it went: the channel closes with
 * the node. It ends when the server did.
 */
import { spawn } from 'node:child_process'
import { type FromKeeper, ToKeeper } from './keeper-messages.ts'
import { killDescendants, sendGroup } from './kill-tree.ts'
import { adoptOrphans, withoutCoreDumps } from './linux-limits.ts'
import { removeFolder } from './private-folder.ts'
import { processFacts } from './process-tree.ts'

let serverId: number | undefined
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
  try {
    withoutCoreDumps()
    adoptOrphans()
  } catch {
    failed()
    return
  }
  // A session of its own, and nothing inherited; what it prints could quote a prompt.
  const child = spawn(message.executable, message.arguments, {
    cwd: message.workFolder,
    env: message.environment,
    detached: true,
    stdio: 'ignore',
  })
  child.once('error', failed)
  child.once('exit', () => void ended())
  child.once('spawn', () => void started(child.pid ?? 0).catch(ended))
}

function failed(): void {
  tell({ kind: 'failed' })
  process.exit(1)
}

async function started(id: number): Promise<void> {
  serverId = id
  const facts = await processFacts(id)
  if (facts === undefined) return
  tell({ kind: 'started', processId: id, startTicks: facts.startTicks })
  if (isStopping) stop()
}

/** Those that it left behind do not outlive it. */
async function ended(): Promise<void> {
  await killDescendants()
  // The folder is the node's to remove while there is one.
  if (!isOrphaned) process.exit(0)
}

function stop(): void {
  isStopping = true
  if (serverId === undefined) return
  sendGroup(serverId, 'SIGTERM')
  setTimeout(() => void killDescendants(), graceMs)
}

async function orphaned(): Promise<void> {
  isOrphaned = true
  try {
    await killDescendants()
  } finally {
    // The model would stay in memory for good.
    if (privateFolder !== undefined) await removeFolder(privateFolder)
    process.exit(1)
  }
}

process.on('message', (raw) => {
  const message = ToKeeper.parse(raw)
  if (message.kind === 'start') start(message)
  else stop()
})
process.once('disconnect', () => void orphaned())
// What the server writes is nobody else's to read, whatever the node was started with.
process.umask(0o077)
process.on('SIGTERM', stop)
