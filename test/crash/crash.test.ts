/**
 * The stores of both roles on a SIMULATED disk under the real SQLite, the power cut at every write
 * point. How: docs/decisions/crash-tests.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Side } from './crashing-pair.ts'
import { mountDisk } from './disk/sqlite-vfs.ts'
import { cutPowerEverywhere, cutPowerWhileMade, fillEverywhere } from './every-write.ts'

/** Only the pid and mark files lie here; they are written anew at each of thousands of openings. */
const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
let root: string
let folders: Record<Side, string>

beforeEach(() => {
  root = mkdtempSync(path.join(MEMORY, 'cocoon-crash-'))
  folders = { client: path.join(root, 'client'), provider: path.join(root, 'provider') }
  for (const folder of Object.values(folders)) mkdirSync(folder)
})
vi.setConfig({ testTimeout: 300_000 })
afterEach(() => rmSync(root, { recursive: true, force: true }))
afterAll(() => mountDisk(undefined))

describe.each(['client', 'provider'] as const)('the %s, at every write point', (victim) => {
  it('loses nothing that was promised when the power is cut', () => {
    const { points, images, checked, broken } = cutPowerEverywhere(folders, victim)
    expect(broken).toEqual([])
    console.log(`${victim}: ${points} write points, ${images} images, ${checked} different ones`)
    expect(points).toBeGreaterThan(60)
    expect(images).toBe(3 * points)
    expect(checked).toBeGreaterThan(points)
  })

  it('says that the disk is full, and goes on when there is space again', () => {
    const { points, broken, codes } = fillEverywhere(folders, victim)
    expect(broken).toEqual([])
    expect(points).toBeGreaterThan(60)
    expect([...codes]).toEqual(['STORE_FULL'])
  })
})

describe('a store that is being made', () => {
  it('opens again after the power was cut at any write', () => {
    const { points, broken } = cutPowerWhileMade(folders.client)
    expect(broken).toEqual([])
    expect(points).toBeGreaterThan(30)
  })
})

describe('with synchronous=OFF', () => {
  it.each(['client', 'provider'] as const)('the same test finds that the %s loses', (victim) => {
    const exec = DatabaseSync.prototype.exec
    vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (this: DatabaseSync, sql) {
      return exec.call(this, sql.replace('synchronous = FULL', 'synchronous = OFF'))
    })
    const { broken } = cutPowerEverywhere(folders, victim)
    vi.restoreAllMocks()
    expect(broken.join('\n')).toMatch(/lost a voucher/)
  })
})
