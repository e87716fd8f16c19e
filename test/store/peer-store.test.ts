import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SCHEMA_VERSION } from '#node/store/schema.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { testPeerStore } from '../contracts/peer-store.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const writer = new URL('writing-process.ts', import.meta.url).pathname

function openForTest(folder = temporaryFolder()) {
  const store = openPeerStore(folder)
  onTestFinished(() => store.close())
  return store
}

const code = (value: string) => expect.objectContaining({ code: value })

describe('node:sqlite', () => testPeerStore(openForTest))

describe('the file', () => {
  it('keeps everything over a restart, readable by its owner only', () => {
    const folder = temporaryFolder()
    const first = openPeerStore(folder)
    first.setMeta('sequence', '41')
    first.close()
    expect(openForTest(folder).meta('sequence')).toBe('41')
    expect(statSync(path.join(folder, 'peer.sqlite')).mode & 0o777).toBe(0o600)
  })

  it('refuses a schema newer than it knows and leaves the file as it was', () => {
    const folder = temporaryFolder()
    openPeerStore(folder).close()
    const file = path.join(folder, 'peer.sqlite')
    const database = new DatabaseSync(file)
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`)
    database.close()
    expect(() => openPeerStore(folder)).toThrow(code('STORE_TOO_NEW'))
    const again = new DatabaseSync(file)
    expect(again.prepare('PRAGMA user_version').get()).toEqual({ user_version: SCHEMA_VERSION + 1 })
    again.close()
  })

  it('refuses the database of another program', () => {
    const folder = temporaryFolder()
    const database = new DatabaseSync(path.join(folder, 'peer.sqlite'))
    database.exec('CREATE TABLE theirs (a); PRAGMA user_version = 1')
    database.close()
    expect(() => openPeerStore(folder)).toThrow(code('STORE_FOREIGN'))
  })

  it('refuses what is not a database, and a damaged one, naming the file', () => {
    const folder = temporaryFolder()
    const file = path.join(folder, 'peer.sqlite')
    writeFileSync(file, 'not a database, whatever its name says'.repeat(40))
    expect(() => openPeerStore(folder)).toThrow(code('STORE_CORRUPT'))

    const other = temporaryFolder()
    const store = openPeerStore(other)
    for (let index = 0; index < 200; index++) store.appendLeaf('0:aa', index, new Uint8Array(900))
    store.close()
    const damaged = path.join(other, 'peer.sqlite')
    const content = readFileSync(damaged)
    content.fill(0xa5, 4096 * 20, 4096 * 30)
    writeFileSync(damaged, content)
    expect(() => openPeerStore(other)).toThrow(code('STORE_CORRUPT'))
    expect(() => openPeerStore(other)).toThrow(damaged)
  })
})

describe('a second process', () => {
  it('is refused with the pid of the first; after kill -9 nothing committed is lost', async () => {
    const folder = temporaryFolder()
    const child = spawn(process.execPath, [writer, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.setEncoding('utf8')
    for await (const part of child.stdout) {
      output += part
      if (output.split('\n').length > 50 && !child.killed) {
        expect(() => openPeerStore(folder)).toThrow(
          expect.objectContaining({ code: 'STORE_LOCKED', data: { pid: child.pid } }),
        )
        child.kill('SIGKILL')
      }
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    expect(child.signalCode).toBe('SIGKILL')

    const told = Number(output.trimEnd().split('\n').at(-1))
    const store = openForTest(folder)
    const count = store.leafCount('0:aa')
    expect(count).toBeGreaterThan(told)
    expect(store.meta('last')).toBe(String(count - 1))
    for (const leaf of store.leaves('0:aa')) {
      expect(leaf.receipt).toEqual(new Uint8Array(500).fill(leaf.leafIndex))
    }
  })
})
