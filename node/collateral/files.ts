/**
 * Collateral on disk: one file for each kind of platform, replaced whole, and the highest evaluation
 * number ever seen, which outlives the file so that deleting collateral is no way back.
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { EVIDENCE_COLLATERAL_BYTES_MAX } from '#protocol/constants.ts'
import { COLLATERAL_ENTRIES_MAX } from './constants.ts'

/** Keys are names of files: kind of TEE, platform, authority. */
const KEY = /^[a-z0-9-]{1,200}$/

export class CollateralFiles {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  }

  /** Undefined: none, or a file of a size that this program never wrote. */
  read(key: string): Uint8Array | undefined {
    return this.#readBounded(`${checked(key)}.collateral`, EVIDENCE_COLLATERAL_BYTES_MAX)
  }

  write(key: string, bytes: Uint8Array): void {
    this.#replace(`${checked(key)}.collateral`, bytes)
    this.#forgetOldest()
  }

  /** 0: nothing was ever seen. */
  highest(key: string): number {
    const bytes = this.#readBounded(`${checked(key)}.highest`, 16)
    const text = bytes === undefined ? '' : Buffer.from(bytes).toString('latin1')
    return /^[0-9]{1,7}$/.test(text) ? Number(text) : 0
  }

  raise(key: string, evaluationNumber: number): void {
    if (evaluationNumber <= this.highest(key)) return
    this.#replace(`${checked(key)}.highest`, Buffer.from(`${evaluationNumber}`, 'latin1'))
  }

  #readBounded(name: string, bytesMax: number): Uint8Array | undefined {
    const file = path.join(this.#dir, name)
    try {
      if (statSync(file).size > bytesMax) return undefined
      return new Uint8Array(readFileSync(file))
    } catch {
      return undefined
    }
  }

  #replace(name: string, bytes: Uint8Array): void {
    const file = path.join(this.#dir, name)
    writeFileSync(`${file}.new`, bytes, { mode: 0o600, flush: true })
    renameSync(`${file}.new`, file)
  }

  /** Numbers stay: they are a few bytes each, and forgetting one would allow a roll-back. */
  #forgetOldest(): void {
    const files = readdirSync(this.#dir)
      .filter((name) => name.endsWith('.collateral'))
      .map((name) => path.join(this.#dir, name))
      .map((file) => ({ file, changedMs: statSync(file).mtimeMs }))
      .sort((a, b) => b.changedMs - a.changedMs)
    for (const { file } of files.slice(COLLATERAL_ENTRIES_MAX)) rmSync(file, { force: true })
  }
}

function checked(key: string): string {
  if (!KEY.test(key)) throw new RangeError('a collateral key is a short lowercase name')
  return key
}
