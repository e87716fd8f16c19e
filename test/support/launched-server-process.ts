/**
 * A SIMULATED inference server as a program, for launches: `node launched-server-process.ts --port N --model DIR`.
 * Options make it misbehave as a server or whoever shares its guest could.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { holdingGenerate } from './holding-engine.ts'
import { UpstreamTestServer } from './upstream-server.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '' },
    model: { type: 'string', default: '' },
    answer: { type: 'string' },
    /** Address instead of 127.0.0.1. */
    address: { type: 'string', default: '127.0.0.1' },
    /** Listens on another port of every address, too. */
    elsewhere: { type: 'boolean', default: false },
    /** Ends before it listens. */
    fails: { type: 'boolean', default: false },
    /** Goes on when it is asked to end. */
    stubborn: { type: 'boolean', default: false },
    /** While this file is there every answer stops half-way. */
    hold: { type: 'string' },
    /** Writes here what it was given: environment, folder, limits, sockets, and whether it could change the model. */
    report: { type: 'string' },
  },
})

if (values.fails) process.exit(3)
if (values.stubborn) process.on('SIGTERM', () => undefined)
const config = path.join(values.model, 'config.json')
readFileSync(config)
if (values.report !== undefined) {
  const { env, pid } = process
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const given = {
    env,
    pid,
    cwd: process.cwd(),
    umask: process.umask(),
    limits,
    sockets: openSockets(),
  }
  const report = { ...given, canAdd: canAdd(values.model) }
  writeFileSync(values.report, JSON.stringify(report))
}
if (values.elsewhere) createServer().listen(0, '0.0.0.0')
const server = await UpstreamTestServer.start({
  listen: { host: values.address, port: Number(values.port) },
  ...(values.answer === undefined ? {} : { answer: values.answer }),
})
const { hold } = values
if (hold !== undefined) {
  server.engine.generate = holdingGenerate(server.engine, () => existsSync(hold))
}

function openSockets(): string[] {
  const targets = readdirSync('/proc/self/fd').map((file) => {
    try {
      return readlinkSync(`/proc/self/fd/${file}`)
    } catch {
      // That of the look itself.
      return ''
    }
  })
  return targets.filter((target) => target.startsWith('socket:'))
}

/** Root may write whatever the mode of a folder says. */
function canAdd(folder: string): boolean {
  try {
    writeFileSync(path.join(folder, 'added'), '')
    return true
  } catch {
    return false
  }
}
