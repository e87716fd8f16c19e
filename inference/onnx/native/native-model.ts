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
import { graphInvalid, runFailed } from '../graph-errors.ts'
import type { GraphSignature } from '../graph-signature.ts'
import type { PreparedGraph } from '../surgery/prepare-graph.ts'
import { nativeUnavailable, ortApi } from './ort-api.ts'
import { type CacheElements, NativeSession, type NativeTensor } from './session.ts'

/** One row of the slabs. */
interface Slot {
  readonly index: number
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

/** Which rows of the logits a graph returns: only a run tells. */
type LogitsRows = 'last' | 'all'

/**
 * @throws ConfigError NATIVE_UNAVAILABLE when library or graph cannot be used this way: the portable
 *   backend can; MODEL_GRAPH_INVALID when no backend can
 */
export async function openNativeModel(
  { graph, externalFiles, signature }: PreparedGraph,
  config: Model['config'],
  threads: number,
  slots: number,
): Promise<TokenModel<unknown>> {
  if (!signature.hasAttentionMask) throw nativeUnavailable('the graph has no attention_mask')
  const api = ortApi()
  let session: NativeSession
  try {
    session = new NativeSession(api, graph, threads, externalFiles)
  } catch (thrown) {
    throw graphInvalid('onnxruntime refuses it', thrown)
  }
  const opened = await NativeModel.open(session, signature, config, slots)
  return opened as unknown as TokenModel<unknown>
}

class NativeModel implements TokenModel<Slot> {
  readonly #session: NativeSession
  readonly #signature: GraphSignature
  readonly #slabs: readonly CacheElements[]
  readonly #slots: readonly Slot[]
  /** Views of the slabs: of one slot by `s<index>`, of the first n slots by `n`. */
  readonly #views = new Map<string, readonly NativeTensor[]>()
  readonly #capacity: number
  readonly vocabularySize: number
  readonly contextTokens: number
  #logitsRows: LogitsRows
  /** Of the last call. */
  #logits: { readonly name: string; readonly tensor: NativeTensor<Float32Array> } | undefined
  #closes = 0

  static async open(
    session: NativeSession,
    signature: GraphSignature,
    config: Model['config'],
    slots: number,
  ): Promise<NativeModel> {
    const model = new NativeModel(session, signature, config, slots)
    await model.#probe()
    return model
  }

  private constructor(
    session: NativeSession,
    signature: GraphSignature,
    config: Model['config'],
    slots: number,
  ) {
    this.#session = session
    this.#signature = signature
    this.vocabularySize = config.vocabularySize
    this.contextTokens = config.contextTokens
    // One position more than a sequence can have: idle rows of a batch write there.
    this.#capacity = config.contextTokens + 1
    this.#slabs = signature.cache.map(({ heads, headSize, type }) => {
      const elements = slots * heads * this.#capacity * headSize
      return type === 'float16' ? new Uint16Array(elements) : new Float32Array(elements)
    })
    this.#slots = Array.from({ length: slots }, (_, index) => emptySlot(index))
    this.#logitsRows = signature.logits.rows ?? 'all'
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
   * closed first: a step computes every row up to the last one in use.
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
    const logits = await this.#run({
      ids,
      positions: ids.map((_, at) => slot.tokens + at),
      lengths: [total],
      maskWidth: total,
      logitsRows: rows,
      cache: this.#slotView(slot),
      signal,
    })
    if (slot.kept.length === slot.tokens && ids.length > 1) slot.kept.push(...ids)
    slot.tokens = total
    return logits.subarray((rows - 1) * this.vocabularySize, rows * this.vocabularySize)
  }

  async decode(rows: readonly { cache: Slot; id: number }[]): Promise<Float32Array[]> {
    const batch = 1 + Math.max(...rows.map(({ cache }) => cache.index))
    const ids = new Array<number>(batch).fill(0)
    for (const { cache, id } of rows) ids[cache.index] = id
    // A row that is not asked for computes into the position after its last one, which its next read
    // overwrites; what it says is not looked at.
    const lengths = this.#slots.slice(0, batch).map((slot) => slot.tokens + 1)
    const logits = await this.#run({
      ids,
      positions: lengths.map((length) => length - 1),
      lengths,
      maskWidth: Math.max(...lengths),
      logitsRows: 1,
      cache: this.#batchView(batch),
    }).catch((cause) => {
      throw runFailed(cause)
    })
    const size = this.vocabularySize
    return rows.map(({ cache }) => {
      cache.tokens++
      return logits.subarray(cache.index * size, (cache.index + 1) * size)
    })
  }

  async #run(step: {
    readonly ids: readonly number[]
    readonly positions: readonly number[]
    /** Positions of each row, the new ones included. */
    readonly lengths: readonly number[]
    readonly maskWidth: number
    readonly logitsRows: number
    readonly cache: readonly NativeTensor[]
    readonly signal?: AbortSignal | undefined
  }): Promise<Float32Array> {
    const session = this.#session
    const batch = step.lengths.length
    const width = step.ids.length / batch
    const mask = session.int64([batch, step.maskWidth])
    for (const [row, length] of step.lengths.entries()) {
      mask.data.fill(1n, row * step.maskWidth, row * step.maskWidth + length)
    }
    const inputs: [string, NativeTensor][] = [
      ['input_ids', session.int64([batch, width], step.ids)],
      ['attention_mask', mask],
    ]
    if (this.#signature.hasPositionIds) {
      inputs.push(['position_ids', session.int64([batch, width], step.positions)])
    }
    const logits = this.#logitsOf(batch, step.logitsRows)
    const count = this.#signature.logitsCount
    if (count !== undefined) {
      inputs.push([count.name, session.int64(count.rank === 0 ? [] : [1], [width])])
    }
    const outputs: [string, NativeTensor][] = [[this.#signature.logits.name, logits]]
    for (const [at, { input, output }] of this.#signature.cache.entries()) {
      const tensor = step.cache[at]
      if (tensor === undefined) continue
      inputs.push([input, tensor])
      outputs.push([output, tensor])
    }
    try {
      await session.run(inputs, outputs, step.signal)
      return logits.data
    } finally {
      for (const [, tensor] of inputs.slice(0, inputs.length - step.cache.length)) tensor.release()
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

  #slotView(slot: Slot): readonly NativeTensor[] {
    return this.#view(`s${slot.index}`, slot.index, 1)
  }

  #batchView(batch: number): readonly NativeTensor[] {
    return this.#view(`${batch}`, 0, batch)
  }

  #view(name: string, first: number, count: number): readonly NativeTensor[] {
    const known = this.#views.get(name)
    if (known !== undefined) return known
    const made = this.#signature.cache.map(({ heads, headSize }, at) => {
      const row = heads * this.#capacity * headSize
      const slab = this.#slabs[at] ?? new Float32Array()
      const data = slab.subarray(first * row, (first + count) * row)
      return this.#session.tensor([count, heads, this.#capacity, headSize], data)
    })
    this.#views.set(name, made)
    return made
  }
}
