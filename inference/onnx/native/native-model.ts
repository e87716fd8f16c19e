/**
 * The native backend: the same library as the portable one, called in place. The keys and values of all
 * sequences lie in one right-padded slab per cache tensor, [slots, heads, capacity, head size], bound as
 * both past and present, so that a step copies nothing and any number of sequences decode in one call.
 * Only for graphs with GroupQueryAttention, which takes the length of each row from the attention mask.
 */
import { ENGINE_SLOTS_MAX } from '../../constants.ts'
import { reusableTokens } from '../../decoding/prefix.ts'
import {
  DECODING_CACHES_EXHAUSTED,
  type KeyedSequence,
  type OpenedCache,
  type TokenModel,
} from '../../decoding/token-model.ts'
import type { Model } from '../../model/read-model.ts'
import { runFailed } from '../graph/errors.ts'
import type { GraphSignature } from '../graph/signature.ts'
import { pieceTokensWithin } from '../piece-size.ts'
import type { PreparedGraph } from '../surgery/prepare-graph.ts'
import type { CacheMemory } from './cache-memory.ts'
import { nativeUnavailable } from './ort-api.ts'
import type { NativePlace } from './place.ts'
import type { CallSignature, NativeSession, NativeTensor } from './session.ts'
import { StepBuffers, type StepRows } from './step-buffers.ts'
import { type NativeValue, pointerTable } from './value.ts'

/** One row of the slabs. */
interface Slot {
  /** Its place, which changes: see #drawTogether. */
  index: number
  /** Positions that hold something; of a closed slot those of `kept`. */
  tokens: number
  isOpen: boolean
  key: string | undefined
  /** The ids whose rows were read in pieces, in order: what another request may begin with. */
  kept: number[]
  /** When it was closed, by counting. */
  closedAt: number
}

function emptySlot(index: number): Slot {
  return { index, tokens: 0, isOpen: false, key: undefined, kept: [], closedAt: 0 }
}

function tokensFor(slot: Slot, sequence: KeyedSequence | undefined): number {
  if (sequence === undefined || sequence.key !== slot.key) return 0
  return reusableTokens(slot.kept, sequence.ids)
}

/** Sorts slots by what they are worth: those that keep nothing by place, the others by when they were closed. */
function ageOf({ kept, closedAt, index }: Slot): number {
  return kept.length === 0 ? index - ENGINE_SLOTS_MAX : closedAt
}

/** Slots that lie side by side, as tensors, and the tables of a call that reads and writes them. */
interface Window {
  readonly tensors: readonly NativeValue[]
  readonly inputs: BigUint64Array
  readonly outputs: BigUint64Array
}

/** Of 64 slots there are 2,080 windows, of dozens of tensors each; a few are in use at a time. */
const WINDOWS_MAX = 256

type NativeConfig = Model['config'] & { readonly pieceTokens: number | undefined }

/** Which rows of the logits a graph returns: only a run tells. */
type LogitsRows = 'last' | 'all'

/** What is opened besides the graph. */
interface NativeParts {
  readonly session: NativeSession
  readonly memory: CacheMemory
  readonly signature: GraphSignature
  readonly slots: number
  /** Positions of each slot. */
  readonly capacity: number
}

/**
 * @throws ConfigError NATIVE_UNAVAILABLE when library or graph cannot be used this way: the portable
 *   backend can; and what the place throws
 */
export async function openNativeModel(
  prepared: PreparedGraph,
  config: Model['config'],
  { place, threads, slots }: { place: NativePlace; threads: number; slots: number },
): Promise<TokenModel<unknown>> {
  const { signature, heads } = prepared
  if (!signature.hasAttentionMask) throw nativeUnavailable('the graph has no attention_mask')
  const session = place.openSession(prepared, threads)
  // One position more than a sequence can have: idle rows of a batch write there.
  const capacity = config.contextTokens + 1
  const memory = place.cacheMemory(session, { cache: signature.cache, slots, capacity })
  const pieceTokens = pieceTokensWithin(heads, config.contextTokens)
  const parts = { session, memory, signature, slots, capacity }
  const opened = await NativeModel.open(parts, { ...config, pieceTokens })
  return opened as unknown as TokenModel<unknown>
}

class NativeModel implements TokenModel<Slot> {
  readonly #session: NativeSession
  readonly #signature: GraphSignature
  readonly #memory: CacheMemory
  /** By place. */
  readonly #slots: Slot[]
  readonly #buffers: StepBuffers
  readonly #callSignature: CallSignature
  /** Rows of the slabs that lie side by side, by the first one and their number. */
  readonly #windows = new Map<string, Window>()
  readonly vocabularySize: number
  readonly contextTokens: number
  readonly pieceTokens: number | undefined
  #logitsRows: LogitsRows
  /** Of the last call. */
  #logits: { readonly name: string; readonly tensor: NativeTensor<Float32Array> } | undefined
  #closes = 0

  static async open(parts: NativeParts, config: NativeConfig): Promise<NativeModel> {
    const model = new NativeModel(parts, config)
    await model.#probe()
    return model
  }

  private constructor(
    { session, memory, signature, slots, capacity }: NativeParts,
    config: NativeConfig,
  ) {
    this.#session = session
    this.#memory = memory
    this.#signature = signature
    this.vocabularySize = config.vocabularySize
    this.contextTokens = config.contextTokens
    this.pieceTokens = config.pieceTokens
    this.#slots = Array.from({ length: slots }, (_, index) => emptySlot(index))
    this.#logitsRows = signature.logits.rows ?? 'all'
    const idsMax = Math.max(slots, config.contextTokens)
    this.#buffers = new StepBuffers(session, signature, idsMax, slots * capacity)
    this.#callSignature = session.signature(
      [...this.#buffers.names, ...signature.cache.map(({ input }) => input)],
      [signature.logits.name, ...signature.cache.map(({ output }) => output)],
    )
  }

  /** A prefill and a step: graphs without in-place attention fail here. */
  async #probe(): Promise<void> {
    const { cache: slot } = this.openCache()
    try {
      await this.#read(slot, [0, 1]).catch(() => {
        this.#logitsRows = 'last'
        return this.#read(slot, [0, 1])
      })
      await this.decode([{ cache: slot, id: 0 }])
    } catch (cause) {
      throw nativeUnavailable('the graph does not write its cache in place', cause)
    } finally {
      this.closeCache(slot)
    }
  }

  /**
   * The closed slot that saves the most work, else the first one that keeps nothing, else the one that was
   * closed first: a step computes every row from the first to the last one in use.
   */
  openCache(sequence?: KeyedSequence): OpenedCache<Slot> {
    const closed = this.#slots
      .filter((slot) => !slot.isOpen)
      .map((slot) => ({ slot, tokens: tokensFor(slot, sequence) }))
      .sort((a, b) => b.tokens - a.tokens || ageOf(a.slot) - ageOf(b.slot))
    const best = closed[0]
    if (best === undefined) throw new RangeError(DECODING_CACHES_EXHAUSTED)
    const { slot, tokens } = best
    slot.isOpen = true
    slot.key = sequence?.key
    slot.tokens = tokens
    slot.kept.length = tokens
    return { cache: slot, cachedTokens: tokens }
  }

  closeCache(slot: Slot): void {
    slot.isOpen = false
    slot.closedAt = ++this.#closes
    if (slot.key === undefined) slot.kept = []
    slot.tokens = slot.kept.length
  }

  async read(slot: Slot, ids: readonly number[], signal?: AbortSignal): Promise<Float32Array> {
    return this.#read(slot, ids, signal).catch((cause) => {
      throw runFailed(cause)
    })
  }

  async #read(slot: Slot, ids: readonly number[], signal?: AbortSignal): Promise<Float32Array> {
    const total = slot.tokens + ids.length
    const rows = this.#logitsRows === 'last' ? 1 : ids.length
    const window = this.#window(slot.index, 1)
    const logits = await this.#run({ ids, lengths: [total] }, rows, window, signal)
    if (slot.kept.length === slot.tokens && ids.length > 1) slot.kept.push(...ids)
    slot.tokens = total
    return logits.subarray((rows - 1) * this.vocabularySize, rows * this.vocabularySize)
  }

  async decode(rows: readonly { cache: Slot; id: number }[]): Promise<Float32Array[]> {
    const [first, last] = this.#drawTogether(rows.map(({ cache }) => cache))
    const batch = last - first + 1
    const ids = new Array<number>(batch).fill(0)
    for (const { cache, id } of rows) ids[cache.index - first] = id
    // A row that is not asked for computes into the position after its last one, which its next read
    // overwrites; what it says is not looked at.
    const lengths = this.#slots.slice(first, last + 1).map((slot) => slot.tokens + 1)
    const logits = await this.#run({ ids, lengths }, 1, this.#window(first, batch)).catch(
      (cause) => {
        throw runFailed(cause)
      },
    )
    const size = this.vocabularySize
    return rows.map(({ cache }) => {
      cache.tokens++
      const row = cache.index - first
      return logits.subarray(row * size, (row + 1) * size)
    })
  }

  /**
   * So that no row of a closed slot is computed, the slots of a step move to such places between them: copied
   * once, where every step of an answer would pay for it.
   * @returns the first and the last place
   */
  #drawTogether(slots: readonly Slot[]): [first: number, last: number] {
    for (;;) {
      const inOrder = slots.toSorted((a, b) => a.index - b.index)
      const [first, last] = [inOrder[0], inOrder.at(-1)]
      if (first === undefined || last === undefined) throw new RangeError('a step without rows')
      const inside = this.#slots.slice(first.index, last.index + 1)
      const closed = inside.find((slot) => !slot.isOpen)
      if (closed === undefined) return [first.index, last.index]
      this.#swap(first.tokens < last.tokens ? first : last, closed)
    }
  }

  #swap(one: Slot, other: Slot): void {
    this.#memory.swap(one.index, other.index, Math.max(one.tokens, other.tokens))
    const place = one.index
    one.index = other.index
    other.index = place
    this.#slots[one.index] = one
    this.#slots[other.index] = other
  }

  async #run(
    rows: StepRows,
    logitsRows: number,
    { inputs, outputs }: Window,
    signal?: AbortSignal,
  ): Promise<Float32Array> {
    const logits = this.#logitsOf(rows.lengths.length, logitsRows)
    const given = this.#buffers.write(rows)
    for (let at = 0; at < given.length; at++) inputs[at] = given[at]?.address ?? 0n
    outputs[0] = logits.address
    const [signature, idsTotal] = [this.#callSignature, rows.ids.length]
    try {
      await this.#session.run({ signature, inputs, outputs, idsTotal }, signal)
      return logits.data
    } finally {
      given[0].release()
    }
  }

  /** Valid until the next call, so the next one of the same shape writes into the same memory. */
  #logitsOf(batch: number, rows: number): NativeTensor<Float32Array> {
    const name = `${batch}x${rows}`
    if (this.#logits?.name === name) return this.#logits.tensor
    this.#logits?.tensor.release()
    const tensor = this.#session.float32([batch, rows, this.vocabularySize])
    this.#logits = { name, tensor }
    return tensor
  }

  #window(first: number, count: number): Window {
    const name = `${first}+${count}`
    const known = this.#windows.get(name)
    if (known !== undefined) return known
    if (this.#windows.size >= WINDOWS_MAX) this.#forgetWindows()
    const tensors = this.#memory.window(first, count)
    const others = this.#buffers.names.length
    const inputs = pointerTable(others + tensors.length)
    const outputs = pointerTable(1 + tensors.length)
    for (const [at, { address }] of tensors.entries()) {
      inputs[others + at] = address
      outputs[1 + at] = address
    }
    const made = { tensors, inputs, outputs }
    this.#windows.set(name, made)
    return made
  }

  /** Between calls, when none is in use. */
  #forgetWindows(): void {
    for (const { tensors } of this.#windows.values()) for (const each of tensors) each.release()
    this.#windows.clear()
  }
}
