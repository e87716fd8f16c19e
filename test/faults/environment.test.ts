/**
 * What a machine can do to a peer: taken ports, a full disk, a folder that cannot be written, damaged files,
 * a wrong Node. Each is refused with the cause first and the remedy second, the documented exit code, and
 * nothing lost. Needs root for the small disk and for another user; says so when it has to leave that out.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { exitCodeOf } from '#node/cli/failure.ts'
import { ownerKeys } from '#node/cli/owner-keys.ts'
import { serveGateway } from '#node/gateway/serve.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { asCocoonError } from '#protocol/errors.ts'
import { startDevchain } from '#settlement/devchain/server.ts'
import { MovableClock } from '../support/market-peers.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

let network: RoleNetwork
beforeAll(async () => {
  network = await startRoleNetwork()
})
afterAll(() => network.stop())

const isRoot = process.getuid?.() === 0

/** A file system of this size, or undefined where this user cannot mount one. */
function smallDisk(sizeKiB: number): string | undefined {
  const folder = temporaryFolder()
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKiB}k`, 'tmpfs', folder])
  if (mounted.status !== 0) return undefined
  onTestFinished(() => void execFileSync('umount', ['-l', folder]))
  return folder
}

function refusal(work: () => unknown) {
  try {
    work()
  } catch (thrown) {
    const error = asCocoonError(thrown)
    return { ...error.toDocument(), exit: exitCodeOf(error) }
  }
  throw new Error('nothing was refused')
}

describe('a full disk', () => {
  test.runIf(isRoot)(
    'a write is refused typed, what was written stays, and it goes on after',
    () => {
      const disk = smallDisk(512)
      if (disk === undefined) throw new Error('root cannot mount a small disk here')
      const store = openPeerStore(disk)
      store.appendLeaf('0:aa', 0, new Uint8Array(900))
      const ballast = path.join(disk, 'ballast')
      fillDisk(ballast)
      const before = store.leafCount('0:aa')
      const full = refusal(() => {
        for (let leaf = before; ; leaf++) store.appendLeaf('0:aa', leaf, new Uint8Array(60_000))
      })
      expect(full).toMatchObject({ code: 'STORE_FULL', exit: 3 })
      expect(full.message).toContain(disk)
      expect(full.remedy).toContain('Free some space')
      const kept = store.leafCount('0:aa')
      expect(() =>
        store.transaction(() => {
          store.setMeta('half', 'x'.repeat(60_000))
          store.setMeta('other half', 'x'.repeat(60_000))
        }),
      ).toThrow(expect.objectContaining({ code: 'STORE_FULL' }))
      expect(store.meta('half')).toBeUndefined()
      execFileSync('rm', [ballast])
      store.appendLeaf('0:aa', kept, new Uint8Array(900))
      store.close()
      const again = openPeerStore(disk)
      expect(again.leafCount('0:aa')).toBe(kept + 1)
      expect(again.leaves('0:aa')[0]?.receipt).toEqual(new Uint8Array(900))
      again.close()
    },
  )

  test.runIf(isRoot)(
    'a provider without room refuses typed; with room again both sides agree',
    async () => {
      const disk = smallDisk(2_048)
      if (disk === undefined) throw new Error('root cannot mount a small disk here')
      const provider = await TestProvider.start(
        { ...network, folder: () => path.join(disk, 'peer') },
        'on a small disk',
      )
      const client = await TestClient.start(network, 'of a small disk', [provider])
      const first = await client.chat({ maxTokens: 10 })
      const ballast = path.join(disk, 'ballast')
      fillDisk(ballast)
      let failure: unknown
      for (let answers = 0; answers < 40 && failure === undefined; answers++) {
        failure = await client.chat({ maxTokens: 60 }).catch((error: unknown) => error)
        if (!(failure instanceof Error)) failure = undefined
      }
      expect(failure).toMatchObject({ code: 'NO_PROVIDER' })
      expect(provider.codes).toContain('STORE_FULL')
      execFileSync('rm', [ballast])
      await provider.restart()
      client.forgive()
      const after = await client.chat({ maxTokens: 10 })
      expect(after.usage.completionTokens).toBe(10)
      const [settled] = await client.settle()
      expect(settled?.claimedNano).toBeGreaterThanOrEqual(first.priceNano + after.priceNano)
      await client.stop()
      await provider.stop()
    },
  )
})

function fillDisk(file: string): void {
  spawnSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=4k'])
}

describe('a folder that cannot be written', () => {
  test('a file stands in the place of the folder', () => {
    const file = path.join(temporaryFolder(), 'data')
    writeFileSync(file, 'not a folder')
    const refused = refusal(() => openPeerStore(file))
    expect(refused).toMatchObject({ code: 'STORE_READ_ONLY', exit: 2 })
    expect(refused.message).toContain(file)
    expect(readFileSync(file, 'utf8')).toBe('not a folder')
  })

  test.runIf(isRoot)('a file system that is mounted read-only', () => {
    const disk = smallDisk(1_024)
    if (disk === undefined) throw new Error('root cannot mount a small disk here')
    openPeerStore(disk).close()
    execFileSync('mount', ['-o', 'remount,ro', disk])
    const refused = refusal(() => openPeerStore(disk))
    expect(refused).toMatchObject({ code: 'STORE_READ_ONLY', exit: 2 })
    expect(refused.remedy).toContain('--data')
  })

  test.skipIf(isRoot)('a folder of somebody else', () => {
    const folder = temporaryFolder()
    chmodSync(folder, 0o500)
    expect(refusal(() => openPeerStore(folder))).toMatchObject({ code: 'STORE_READ_ONLY', exit: 2 })
  })
})

describe('damaged files', () => {
  test('a damaged database is refused, named, and left as it is', () => {
    const folder = temporaryFolder()
    openPeerStore(folder).close()
    const file = path.join(folder, 'peer.sqlite')
    const bytes = readFileSync(file)
    bytes.fill(0x5a, 100, 4_096)
    writeFileSync(file, bytes)
    const refused = refusal(() => openPeerStore(folder))
    expect(refused).toMatchObject({ code: 'STORE_CORRUPT', exit: 2 })
    expect(refused.message).toContain(file)
    expect(refused.remedy).toContain('backup')
    expect(
      readFileSync(file)
        .subarray(100, 4_096)
        .every((byte) => byte === 0x5a),
    ).toBe(true)
  })

  test.each([
    ['truncated', '{"format":"cocoon-ke'],
    ['empty', ''],
    ['of another form', '{"format":"cocoon-keys/9"}'],
    ['far too long', 'x'.repeat(100_000)],
  ])('a key file that is %s is refused, never replaced and never quoted', (_, content) => {
    const folder = temporaryFolder()
    const { file } = ownerKeys(folder)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    writeFileSync(file, content)
    const refused = refusal(() => ownerKeys(folder))
    expect(refused).toMatchObject({ code: 'KEYS_FILE', exit: 2 })
    expect(refused.message).toContain(file)
    expect(refused.remedy).toContain('backup')
    if (content.length > 0) expect(JSON.stringify(refused)).not.toContain(content.slice(0, 12))
    expect(readFileSync(file, 'utf8')).toBe(content)
  })

  test('a client whose store lost a session key says how the deposit comes back', async () => {
    const provider = await TestProvider.start(network, 'of a lost key')
    const client = await TestClient.start(network, 'loses a key', [provider])
    await client.chat({ maxTokens: 4 })
    const { address } = client.desk
    client.store.setMeta(`session-key:${address}`, '')
    await client.sessions.stop()
    await client.crash()
    const refused = asCocoonError(await client.start().catch((error: unknown) => error))
    expect(refused.kind).toBe('config')
    expect(refused.remedy).toContain('wallet can recover the deposit')
    await client.crash()
    await provider.stop()
  })
})

describe('ports', () => {
  test('taken by another program: the port and the option are named', async () => {
    const squatter = createServer()
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void squatter.close())
    const { port } = squatter.address() as { port: number }
    const gateway = await serveGateway({ app: new Hono(), host: '127.0.0.1', port }).catch(
      (error: unknown) => asCocoonError(error),
    )
    expect(gateway).toMatchObject({ code: 'PORT_TAKEN', kind: 'config' })
    expect('message' in gateway && gateway.message).toContain(`${port}`)
    expect('remedy' in gateway && gateway.remedy).toContain('--api-port')
    const chain = await startDevchain({ port, clock: new MovableClock() }).catch((error: unknown) =>
      asCocoonError(error),
    )
    expect(chain).toMatchObject({ code: 'DEVCHAIN_PORT' })
  })
})

describe('a wrong Node', () => {
  const root = path.resolve(import.meta.dirname, '../..')
  const other = spawnSync('sh', ['-c', 'command -v node']).stdout.toString().trim()
  const version = other === '' ? '' : spawnSync(other, ['-v']).stdout.toString().trim()

  test('an older one is refused with what it is, what is needed and how to get it, and code 2', () => {
    // The check reads one value: an older Node is a process that says so.
    const wrapped = `Object.defineProperty(process.versions, 'node', { value: '20.20.2' });
      await import(${JSON.stringify(path.join(root, 'node/main.ts'))})`
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', wrapped], { cwd: root })
    expect(run.status).toBe(2)
    expect(run.stdout.toString()).toBe('')
    expect(run.stderr.toString()).toContain('needs Node 24')
    expect(run.stderr.toString()).toContain('20.20.2')
    expect(run.stderr.toString()).toContain('./cocoon')
  })

  test.runIf(/^v(1\d|2[0-3])\./.test(version))(
    `./cocoon beside the ${version} of this machine`,
    () => {
      const PATH = `${path.dirname(other)}:${process.env['PATH']}`
      const run = spawnSync(path.join(root, 'cocoon'), ['version', '--json'], {
        cwd: root,
        env: { ...process.env, PATH },
      })
      expect(run.status).toBe(0)
      expect(JSON.parse(run.stdout.toString()).node).toBe(process.versions.node)
    },
  )
})

test('two peers never share a data folder', () => {
  const folder = temporaryFolder()
  mkdirSync(folder, { recursive: true })
  const store = openPeerStore(folder)
  expect(refusal(() => openPeerStore(folder))).toMatchObject({ code: 'STORE_LOCKED', exit: 1 })
  store.close()
})
