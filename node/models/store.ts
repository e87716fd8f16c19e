/**
 * The models of this machine: `models/ROOT/` in the data folder, each in the layout of the Hugging Face
 * hub, named by its root. A folder appears there whole, by a rename, or not at all.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { acquireProcessLock, type ProcessLock } from '#node/store/process-lock.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import { syncFolder } from './disk.ts'
import { notInStore } from './errors.ts'
import { type ModelRecord, RECORD_FILE, readRecord, recordText } from './record.ts'

const ROOT_NAME = /^[0-9a-f]{64}$/
/** Beginnings of a root that name a model. */
const PREFIX = /^[0-9a-f]{8,64}$/

export interface StoredModel extends ModelRecord {
  readonly rootHex: string
  readonly folder: string
  readonly sizeBytes: number
}

export class ModelStore {
  readonly dir: string

  /** @param dataRoot the program's data folder; nothing is made before something is written */
  constructor(dataRoot: string) {
    this.dir = path.join(dataRoot, 'models')
  }

  /** Pulls that are not whole yet. */
  get partialDir(): string {
    return path.join(this.dir, 'partial')
  }

  folderOf(rootHex: string): string {
    return path.join(this.dir, rootHex)
  }

  /** Newest first; a folder whose record cannot be read is left out and named in `broken`. */
  list(): { readonly models: readonly StoredModel[]; readonly broken: readonly string[] } {
    const models: StoredModel[] = []
    const broken: string[] = []
    const names = existsSync(this.dir) ? readdirSync(this.dir) : []
    for (const name of names.filter((one) => ROOT_NAME.test(one))) {
      try {
        models.push(this.#read(name))
      } catch {
        broken.push(this.folderOf(name))
      }
    }
    return { models: models.sort((a, b) => b.addedAtMs - a.addedAtMs), broken }
  }

  /**
   * By name, root, or eight and more digits of its root.
   * @throws ConfigError MODEL_NOT_IN_STORE, MODEL_NAME_AMBIGUOUS, MODEL_RECORD_INVALID
   */
  find(selector: string): StoredModel {
    if (ROOT_NAME.test(selector) && existsSync(this.folderOf(selector))) return this.#read(selector)
    const found = this.list().models.filter(
      ({ name, rootHex }) =>
        name === selector || (PREFIX.test(selector) && rootHex.startsWith(selector)),
    )
    if (found.length > 1) {
      throw new ConfigError('MODEL_NAME_AMBIGUOUS', `${selector} is more than one model`, {
        remedy: `Name one by its root: ${found.map(({ rootHex }) => rootHex).join(' or ')}.`,
      })
    }
    if (found[0] === undefined) throw notInStore(selector)
    return found[0]
  }

  /** Undefined: it is not here, or its record cannot be read. */
  has(rootHex: string): StoredModel | undefined {
    try {
      return existsSync(this.folderOf(rootHex)) ? this.#read(rootHex) : undefined
    } catch {
      return undefined
    }
  }

  /** @throws ConfigError MODEL_NAME_TAKEN when another model has this name */
  requireFreeName(name: string, rootHex?: string): void {
    const other = this.list().models.find((one) => one.name === name && one.rootHex !== rootHex)
    if (other === undefined) return
    throw new ConfigError('MODEL_NAME_TAKEN', `${name} is the model ${other.rootHex} here`, {
      remedy: 'Choose another name with --name, or remove that model first.',
    })
  }

  /**
   * Where the parts of one pull are kept until it is whole; the same source gives the same folder, so
   * that a pull goes on where it was cut off. The lock keeps a second process out.
   * @throws UnavailableError MODEL_PULL_RUNNING
   */
  openPartial(key: string): { readonly folder: string; readonly lock: ProcessLock } {
    const folder = path.join(this.partialDir, key)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const lock = acquireProcessLock(path.join(this.partialDir, `${key}.lock`))
    if (lock !== undefined) return { folder, lock }
    throw new UnavailableError('MODEL_PULL_RUNNING', 'another process is pulling this model', {
      remedy: 'Wait for it, or stop it and run this again.',
    })
  }

  /** Moves a whole model into the store; every file of it is on the disk before. */
  async adopt(partial: string, record: ModelRecord): Promise<StoredModel> {
    const rootHex = toHex(record.root)
    const folder = this.folderOf(rootHex)
    if (this.has(rootHex) === undefined) {
      await rm(folder, { recursive: true, force: true })
      await writeFile(path.join(partial, RECORD_FILE), recordText(record), { flush: true })
      const inner = new Set(record.files.map((file) => path.dirname(file.path)))
      for (const one of inner.add('.')) await syncFolder(path.join(partial, one))
      await rename(partial, folder)
      await syncFolder(this.dir)
    } else {
      await rm(partial, { recursive: true, force: true })
    }
    return this.#read(rootHex)
  }

  /**
   * Marks a model as used by this process until it ends or releases the mark. A folder beyond the store
   * needs none.
   */
  use(folder: string): ProcessLock {
    const rootHex = path.basename(folder)
    const isOurs = path.dirname(path.resolve(folder)) === this.dir && ROOT_NAME.test(rootHex)
    if (!isOurs) return { release: () => undefined }
    const lock = acquireProcessLock(path.join(this.#usesDir(rootHex), `${process.pid}.lock`))
    return lock ?? { release: () => undefined }
  }

  /** @throws UnavailableError MODEL_IN_USE while a running peer serves it */
  remove({ rootHex, folder, name }: StoredModel): void {
    const uses = this.#usesDir(rootHex)
    for (const file of existsSync(uses) ? readdirSync(uses) : []) {
      if (!file.endsWith('.lock')) continue
      const lock = acquireProcessLock(path.join(uses, file))
      if (lock === undefined) {
        throw new UnavailableError('MODEL_IN_USE', `process ${file.slice(0, -5)} uses ${name}`, {
          remedy: 'Stop it with `cocoon drain`, then remove the model.',
        })
      }
      lock.release()
    }
    // The record first: what is left after a crash is no model any more.
    rmSync(path.join(folder, RECORD_FILE), { force: true })
    rmSync(folder, { recursive: true, force: true })
    rmSync(uses, { recursive: true, force: true })
  }

  #usesDir(rootHex: string): string {
    return path.join(this.dir, 'in-use', rootHex)
  }

  #read(rootHex: string): StoredModel {
    const folder = this.folderOf(rootHex)
    const record = readRecord(folder, crypto)
    if (toHex(record.root) !== rootHex) throw notInStore(rootHex)
    const sizeBytes = record.files.reduce((sum, file) => sum + file.sizeBytes, 0)
    return { ...record, rootHex, folder, sizeBytes }
  }
}
