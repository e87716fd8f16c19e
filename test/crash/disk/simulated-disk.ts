/**
 * SIMULATED: a disk that keeps what was synced and may lose, reorder or tear what was not, as a power
 * cut does. Every change of a file is one numbered write point.
 */
import { GrowingBytes } from './growing-bytes.ts'

export type DiskOperation =
  | {
      readonly kind: 'write'
      readonly file: string
      readonly offset: number
      readonly bytes: Buffer
    }
  | { readonly kind: 'truncate'; readonly file: string; readonly length: number }
  | { readonly kind: 'remove'; readonly file: string }
  | { readonly kind: 'sync'; readonly file: string }

/** What SQLite is told when a write does not work. */
export type DiskFault = 'power-cut' | 'full'

/** What a power cut leaves of the changes since a file's last sync. */
export type Loss =
  /** Nothing of them. */
  | 'dropped'
  /** All of them, and half of the one in flight. */
  | 'torn'
  /** Only the last one: the disk wrote it first. */
  | 'reordered'

export const LOSSES: readonly Loss[] = ['dropped', 'torn', 'reordered']

interface SimulatedFile {
  readonly content: GrowingBytes
  readonly durable: GrowingBytes
  unsynced: DiskOperation[]
}

export class SimulatedDisk {
  readonly operations: DiskOperation[] = []
  /** From this write point on, every change fails. */
  faultAt = Number.POSITIVE_INFINITY
  fault: DiskFault = 'power-cut'
  readonly #files = new Map<string, SimulatedFile>()
  #inFlight: DiskOperation | undefined

  constructor(contents: ReadonlyMap<string, Buffer> = new Map()) {
    for (const [name, bytes] of contents) {
      this.#files.set(name, newFile(bytes))
    }
  }

  has(file: string): boolean {
    return this.#files.has(file)
  }

  content(file: string): Buffer {
    return this.#files.get(file)?.content.bytes ?? Buffer.alloc(0)
  }

  /** As the running system sees it: what `kill -9` leaves. */
  contents(): Map<string, Buffer> {
    return new Map(
      [...this.#files].map(([name, { content }]) => [name, Buffer.from(content.bytes)]),
    )
  }

  create(file: string): void {
    if (!this.#files.has(file)) this.#files.set(file, newFile())
  }

  /** @throws Error at and after the write point of the fault */
  change(operation: DiskOperation): void {
    if (this.operations.length >= this.faultAt) {
      this.#inFlight ??= operation
      throw new Error(this.fault)
    }
    this.operations.push(operation)
    const file = this.#files.get(operation.file)
    if (file === undefined) return
    if (operation.kind === 'sync') {
      for (const one of file.unsynced) apply(file.durable, one)
      file.unsynced = []
      return
    }
    file.unsynced.push(operation)
    apply(file.content, operation)
    // Names are durable at once: what is lost here is content.
    if (operation.kind === 'remove') this.#files.delete(operation.file)
  }

  /** What is left after the power cut. */
  image(loss: Loss): Map<string, Buffer> {
    const left = new Map<string, Buffer>()
    for (const [name, file] of this.#files) left.set(name, this.#leftOf(name, file, loss))
    return left
  }

  #leftOf(name: string, file: SimulatedFile, loss: Loss): Buffer {
    const left = file.durable.copy()
    if (loss === 'dropped') return left.bytes
    const torn = this.#inFlight?.file === name ? half(this.#inFlight) : []
    const pending = [...file.unsynced, ...torn]
    for (const one of loss === 'torn' ? pending : pending.slice(-1)) apply(left, one)
    return left.bytes
  }
}

function newFile(bytes?: Uint8Array): SimulatedFile {
  return { content: new GrowingBytes(bytes), durable: new GrowingBytes(bytes), unsynced: [] }
}

/** A write that stopped half way: what follows in its range is noise. */
function half(operation: DiskOperation): DiskOperation[] {
  if (operation.kind !== 'write') return []
  const bytes = Buffer.from(operation.bytes)
  bytes.fill(0xa5, Math.ceil(bytes.length / 2))
  return [{ ...operation, bytes }]
}

function apply(content: GrowingBytes, operation: DiskOperation): void {
  if (operation.kind === 'write') content.write(operation.offset, operation.bytes)
  if (operation.kind === 'truncate') content.truncate(operation.length)
}
