/** Launched servers as real processes: what they get, who may answer for them, and how they end. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { ENGINE_RESTART_BACKOFF_MS } from '#inference/constants.ts'
import type { LaunchDescription } from '#inference/upstream/launch/description.ts'
import { systemClock } from '#node/clock.ts'
import { LAUNCH_HEALTH_TIMEOUT_MS } from '#node/launch/constants.ts'
import {
  type LaunchedServer,
  type LaunchOptions,
  startLaunchedServer,
} from '#node/launch/launched-server.ts'
import { processFacts } from '#node/launch/process-tree.ts'
import { ServerSockets } from '#node/launch/server-sockets.ts'
import { tcpSockets } from '#node/launch/socket-table.ts'
import { eventually } from '../support/eventually.ts'
import { launchFolder, launchOf, sha256, writeLaunchModel } from '../support/launch.ts'

const OWNER = fileURLToPath(new URL('../support/launch-owner-process.ts', import.meta.url))
/** Of the six bytes `listed`. */
const LISTED_SHA256 = '56547a7cc8bbf46bb4aa2f18a097fee842ce6e94ca4c7f5cda6df35c4f5825c9'
const START_LIMIT_MS = 120_000

let folder: string
let modelFolder: string
/** Of this file alone: a start removes what dead nodes left in it. */
let parentFolder: string
beforeAll(() => {
  folder = launchFolder()
  modelFolder = path.join(folder, 'model')
  parentFolder = mkdtempSync('/dev/shm/launch-test-')
  writeLaunchModel(modelFolder)
})
afterAll(() => {
  for (const one of [folder, parentFolder]) rmSync(one, { recursive: true, force: true })
})

function launch(description: LaunchDescription, more: Partial<LaunchOptions> = {}) {
  return startLaunchedServer({
    ...{ description, modelFolder, parentFolder, clock: systemClock },
    log: () => undefined,
    onChange: () => undefined,
    ...more,
  })
}

/** A program of one line instead of the simulated server: it starts in a moment. */
function script(text: string, more: Partial<LaunchDescription> = {}): LaunchDescription {
  const places = ['{port}', '{model}']
  return { ...launchOf(modelFolder), arguments: ['-e', text, ...places], ...more }
}

const LISTEN = `const [, port] = process.argv; require('http').createServer((_, r) => r.end()).listen(port, `
const isGone = async (id: number | undefined) => id !== undefined && !(await processFacts(id))
const launchFolders = () => readdirSync(parentFolder)

describe('a launched server', () => {
  let server: LaunchedServer
  let listed: string
  let report: string
  /** When the server was started again, milliseconds of the monotonic clock. */
  const restartsMs: number[] = []
  const status = async (at: string) => (await server.fetch(`${server.url}${at}`)).status

  beforeAll(async () => {
    listed = path.join(folder, 'listed')
    report = path.join(folder, 'report.json')
    writeFileSync(listed, 'listed')
    const description = launchOf(modelFolder, { more: ['--report', report] })
    const further = { path: listed, sha256: LISTED_SHA256 }
    const files = [...description.files, further]
    server = await launch(
      { ...description, files },
      {
        log: (event) => {
          if (event.endsWith('started again')) restartsMs.push(performance.now())
        },
      },
    )
  }, START_LIMIT_MS)
  afterAll(() => server?.[Symbol.asyncDispose]())

  it('gets the environment of its description and no other, and an empty folder', () => {
    const { env, cwd } = JSON.parse(readFileSync(report, 'utf8'))
    expect(env).toEqual({ NAMED: 'by the description' })
    expect(readdirSync(cwd)).toEqual([])
  })

  it('has no socket of its node, leaves no core dump, and writes for nobody else', () => {
    const { sockets, limits, umask } = JSON.parse(readFileSync(report, 'utf8'))
    expect([sockets, umask]).toEqual([[], 0o077])
    const [, soft, hard] = /^Max core file size +(\S+) +(\S+)/m.exec(limits) ?? []
    // One byte; none where this machine allows none.
    expect(['0 0', '1 1']).toContain(`${soft} ${hard}`)
  })

  it('sees a copy of the files that were hashed, in memory, and cannot add to it', () => {
    const { canAdd } = JSON.parse(readFileSync(report, 'utf8'))
    // Root may write whatever the mode of a folder says.
    if (process.getuid?.() !== 0) expect(canAdd).toBe(false)
    writeFileSync(path.join(modelFolder, 'later.safetensors'), 'nobody described this')
    expect(server.modelFolder).toContain(`${parentFolder}/cocoon-launch-`)
    expect(readFileSync(path.join(server.modelFolder, 'model.safetensors'), 'utf8')).toContain(
      'SIMULATED',
    )
    expect(existsSync(path.join(server.modelFolder, 'later.safetensors'))).toBe(false)
  })

  it('answers over a connection whose other end it holds', async () => {
    expect(await status('/v1/models')).toBe(200)
    // None of those that the kernel gives to whoever asks for any.
    expect(Number(new URL(server.url).port)).toBeLessThan(32_768)
    const abort = AbortSignal.abort()
    await expect(server.fetch(`${server.url}/health`, { signal: abort })).rejects.toThrow(
      'fetch failed',
    )
  })

  it('is not taken for a stranger that listens, nor a stranger for it', async () => {
    const stranger = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(stranger, 'listening')
    const { port } = stranger.address() as AddressInfo
    const id = server.processId ?? 0
    const { startTicks = '' } = (await processFacts(id)) ?? {}
    const root = { id, startTicks }
    const sockets = new ServerSockets({ root, port, listensElsewhere: false })
    const refusal = (rule: string) => ({ code: 'LAUNCH_LISTENER', data: { rule, port } })
    await expect(sockets.isListening()).rejects.toMatchObject(refusal('foreign'))
    // As if the listener had changed hands after it was looked at: the connection itself tells.
    const socket = connect(port, '127.0.0.1')
    await Promise.all([once(socket, 'connect'), once(stranger, 'connection')])
    stranger.close()
    const taken = sockets.expectTaken(socket.localPort ?? 0, AbortSignal.timeout(START_LIMIT_MS))
    await expect(taken).rejects.toMatchObject(refusal('taken'))
    socket.destroy()
  })

  it('is started again when it ends, and whoever takes its old port meanwhile hears nothing', async () => {
    const old = { id: server.processId ?? 0, port: Number(new URL(server.url).port) }
    // What must be what it was is another one: it stays down until that is put right.
    writeFileSync(listed, 'change')
    process.kill(old.id, 'SIGKILL')
    await eventually(() => server.trouble?.code === 'LAUNCH_FILE_CHANGED')
    // The first start again is at once, each further one rests twice as long; timers may be a little early.
    await eventually(() => restartsMs.length >= 4)
    const [, secondMs = 0, thirdMs = 0, fourthMs = 0] = restartsMs
    expect(thirdMs - secondMs).toBeGreaterThan(ENGINE_RESTART_BACKOFF_MS * 0.9)
    expect(fourthMs - thirdMs).toBeGreaterThan(ENGINE_RESTART_BACKOFF_MS * 2 * 0.9)
    let heard = ''
    const thief = createServer((socket) => socket.on('data', (data) => (heard += `${data}`)))
    thief.listen(old.port, '127.0.0.1')
    await once(thief, 'listening')
    await expect(status('/health')).rejects.toThrow('fetch failed')
    expect([server.isReady, await isGone(old.id)]).toEqual([false, true])

    writeFileSync(listed, 'listed')
    await eventually(() => server.isReady)
    expect(server.processId).not.toBe(old.id)
    expect(await status('/health')).toBe(200)
    expect([server.trouble, heard]).toEqual([undefined, ''])
    thief.close()
  })

  it('ends with its node, and leaves nothing in memory', async () => {
    const { processId } = server
    await server[Symbol.asyncDispose]()
    expect([await isGone(processId), existsSync(server.modelFolder)]).toEqual([true, false])
    await expect(status('/health')).rejects.toThrow('fetch failed')
  })
})

describe('a server that writes into its working folder, and is killed', () => {
  let server: LaunchedServer
  let found: string
  let firstId: number
  beforeAll(async () => {
    found = path.join(folder, 'found')
    const text = `const fs = require('fs'); fs.appendFileSync(${JSON.stringify(found)}, fs.readdirSync('.').join() + ';')
      fs.writeFileSync('left.py', ''); ${LISTEN}'127.0.0.1')`
    server = await launch(script(text, { environment: { HOME: '{work}' } }))
    firstId = server.processId ?? 0
  }, START_LIMIT_MS)
  afterAll(() => server?.[Symbol.asyncDispose]())

  /** Ports of those that ask it; also of connections that ended, which the kernel keeps for a while. */
  async function callers(): Promise<number[]> {
    const port = Number(new URL(server.url).port)
    const here = (await tcpSockets()).filter((one) => one.localPort === port && !one.isListening)
    return here.map(({ remotePort }) => remotePort)
  }

  it('leaves nobody waiting for it to take a connection', async () => {
    // It takes none any more: the kernel does so for it.
    process.kill(firstId, 'SIGSTOP')
    const before = await callers()
    const asked = server.fetch(`${server.url}/health`)
    const refused = expect(asked).rejects.toMatchObject({ cause: { code: 'LAUNCH_FAILED' } })
    await eventually(async () => (await callers()).some((one) => !before.includes(one)))
    process.kill(firstId, 'SIGKILL')
    await refused
  })

  it('finds nothing of it when it is started again', async () => {
    await eventually(() => server.isReady && server.processId !== firstId)
    expect(readFileSync(found, 'utf8')).toBe(';;')
  })
})

describe('a server that shares its port, as vLLM’s does', () => {
  it('is not asked while somebody else listens there, too', async () => {
    const text = `const [, port] = process.argv; require('http').createServer((_, r) => r.end())
      .listen({ port, host: '127.0.0.1', reusePort: true })`
    const server = await launch(script(text))
    const port = Number(new URL(server.url).port)
    const ask = () => server.fetch(`${server.url}/health`)
    let heard = ''
    const thief = createServer((socket) => socket.on('data', (data) => (heard += `${data}`)))
    thief.listen({ port, host: '127.0.0.1', reusePort: true })
    await once(thief, 'listening')
    const refusal = { code: 'LAUNCH_LISTENER', data: { rule: 'foreign', port } }
    await expect(ask()).rejects.toMatchObject({ message: 'fetch failed', cause: refusal })
    thief.close()
    await once(thief, 'close')
    expect([(await ask()).status, heard]).toEqual([200, ''])
    await server[Symbol.asyncDispose]()
  })
})

describe('a server that takes a question while it loads, and never answers it', () => {
  it('is asked again', async () => {
    const asked = path.join(folder, 'asked')
    const looks: AbortController[] = []
    const timeout = AbortSignal.timeout
    const spy = vi.spyOn(AbortSignal, 'timeout').mockImplementation((timeoutMs) => {
      if (timeoutMs !== LAUNCH_HEALTH_TIMEOUT_MS) return timeout(timeoutMs)
      const look = new AbortController()
      looks.push(look)
      return look.signal
    })
    onTestFinished(() => spy.mockRestore())
    const text = `const [, port] = process.argv; let count = 0
      const answer = (_, response) => count++ > 0 ? response.end()
        : require('fs').writeFileSync(${JSON.stringify(asked)}, '')
      require('http').createServer(answer).listen(port, '127.0.0.1')`
    const starting = launch(script(text))
    await eventually(() => existsSync(asked))
    for (const look of looks) look.abort()
    const server = await starting
    expect(server.isReady).toBe(true)
    await server[Symbol.asyncDispose]()
  })
})

describe('a start is refused', () => {
  it.each<[string, string, Partial<LaunchDescription>, object]>([
    ['listens on every address', `${LISTEN}'0.0.0.0')`, {}, listener('exposed')],
    ['listens on every address of IPv6', `${LISTEN}'::')`, {}, listener('exposed')],
    [
      'has another socket on every address',
      `require('net').createServer().listen(0, '0.0.0.0', () => { ${LISTEN}'127.0.0.1') })`,
      {},
      listener('elsewhere'),
    ],
    ['ends', 'process.exit(3)', {}, { code: 'LAUNCH_FAILED', data: { reason: 'ended' } }],
    [
      'is another one',
      '',
      { executable: { path: '/proc/self/limits', sha256: '00'.repeat(32) } },
      { code: 'LAUNCH_FILE_CHANGED' },
    ],
    [
      'cannot be started',
      '',
      { executable: { path: OWNER, sha256: sha256(readFileSync(OWNER)) } },
      { code: 'LAUNCH_FAILED', data: { reason: 'not started' } },
    ],
  ])('of a server that %s', async (_what, text, more, refusal) => {
    await expect(launch(script(text, more))).rejects.toMatchObject(refusal)
    expect(launchFolders()).toEqual([])
  })

  it('of one that never listens, when its owner gives up', async () => {
    const giveUp = new AbortController()
    const pid = path.join(folder, 'silent.pid')
    const text = `require('fs').writeFileSync(${JSON.stringify(pid)}, String(process.pid)); setInterval(() => {}, 1e6)`
    const starting = launch(script(text), { signal: giveUp.signal })
    const refusal = { code: 'LAUNCH_FAILED', data: { reason: 'stopped' } }
    const refused = expect(starting).rejects.toMatchObject(refusal)
    await eventually(() => existsSync(pid) && readFileSync(pid, 'utf8') !== '')
    giveUp.abort()
    await refused
    expect(await isGone(Number(readFileSync(pid, 'utf8')))).toBe(true)
  })

  it('where the folder for the copy is no memory', async () => {
    const starting = launch(launchOf(modelFolder), { parentFolder: '/proc' })
    await expect(starting).rejects.toMatchObject({ kind: 'config', code: 'LAUNCH_FOLDER' })
  })

  it('where the model does not fit into memory', async () => {
    const weights = path.join(modelFolder, 'model.safetensors')
    const description = launchOf(modelFolder)
    const { size } = statSync(weights)
    // A file of a hole: it takes nothing on the disk.
    truncateSync(weights, 2 ** 40)
    await expect(launch(description)).rejects.toMatchObject({ code: 'LAUNCH_FOLDER' })
    truncateSync(weights, size)
    expect(launchFolders()).toEqual([])
  })

  it('where a file of the model is another one, a link, or gone', async () => {
    const description = launchOf(modelFolder)
    const weights = path.join(modelFolder, 'model.safetensors')
    const kept = path.join(folder, 'kept')
    const refused = () =>
      expect(launch(description)).rejects.toMatchObject({
        code: 'LAUNCH_FILE_CHANGED',
        data: { path: 'model.safetensors' },
      })
    renameSync(weights, kept)
    await refused()
    symlinkSync(kept, weights)
    await refused()
    rmSync(weights)
    writeFileSync(weights, 'SIMULATED: no weighty')
    await refused()
    rmSync(weights)
    renameSync(kept, weights)
    expect(launchFolders()).toEqual([])
  })
})

describe('no server outlives its node', () => {
  async function owned(text: string) {
    const file = path.join(folder, 'owned.json')
    writeFileSync(file, JSON.stringify(script(text)))
    const owner = spawn(process.execPath, [OWNER, file, modelFolder, parentFolder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(owner.stdout, 'data')
    const started = JSON.parse(`${line}`) as { processId: number; modelFolder: string }
    const keeperId = (await processFacts(started.processId))?.parentId ?? 0
    return { owner, ...started, keeperId }
  }
  /** It ignores requests to end, and has a child of its own that does so, too. */
  const STUBBORN = `process.on('SIGTERM', () => {});
    require('child_process').spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6)"]);
    ${LISTEN}'127.0.0.1')`

  it(
    'when the node is killed',
    async () => {
      const { owner, processId, modelFolder: copy } = await owned(STUBBORN)
      owner.kill('SIGKILL')
      await eventually(async () => (await isGone(processId)) && !existsSync(copy))
    },
    START_LIMIT_MS,
  )

  it(
    'when the node and the keeper are killed: the next start ends it',
    async () => {
      const { owner, processId, modelFolder: copy, keeperId } = await owned(`${LISTEN}'127.0.0.1')`)
      process.kill(keeperId, 'SIGSTOP')
      owner.kill('SIGKILL')
      await once(owner, 'exit')
      process.kill(keeperId, 'SIGKILL')
      await eventually(() => isGone(keeperId))
      expect([await isGone(processId), existsSync(copy)]).toEqual([false, true])
      await expect(launch(script('process.exit(3)'))).rejects.toMatchObject({
        code: 'LAUNCH_FAILED',
      })
      await eventually(() => isGone(processId))
      expect(existsSync(copy)).toBe(false)
    },
    START_LIMIT_MS,
  )

  it(
    'not even a process that left it and its session',
    async () => {
      const away = path.join(folder, 'away.pid')
      // As daemon(7) does it: a child of a child, in a session of its own, whose parent ends.
      const last = `require('fs').writeFileSync(${JSON.stringify(away)}, String(process.pid)); setInterval(() => {}, 1e6)`
      const middle = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(last)}],
        { detached: true, stdio: 'ignore' }).unref(); process.exit()`
      const {
        owner,
        processId,
        modelFolder: copy,
        keeperId,
      } = await owned(
        `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(middle)}], { detached: true });
        ${LISTEN}'127.0.0.1')`,
      )
      await eventually(() => existsSync(away) && readFileSync(away, 'utf8') !== '')
      const awayId = Number(readFileSync(away, 'utf8'))
      await eventually(async () => (await processFacts(awayId))?.parentId === keeperId)
      owner.kill('SIGKILL')
      await eventually(async () => (await isGone(processId)) && !existsSync(copy))
      expect(await isGone(awayId)).toBe(true)
    },
    START_LIMIT_MS,
  )

  it(
    'when it ignores the request to end',
    async () => {
      const server = await launch(script(STUBBORN))
      const { processId } = server
      await server[Symbol.asyncDispose]()
      expect(await isGone(processId)).toBe(true)
    },
    START_LIMIT_MS,
  )
})

function listener(rule: string): object {
  return { kind: 'unavailable', code: 'LAUNCH_LISTENER', data: { rule } }
}
