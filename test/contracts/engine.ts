/** What every engine must do, whatever decodes behind it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ENGINE_QUEUE_MAX, ENGINE_WINDOW_EVENTS } from '#inference/constants.ts'
import type {
  ChatTokenizer,
  Engine,
  GenerateEvent,
  GenerateFinish,
  GenerateRequest,
  SamplingParameters,
} from '#inference/engine.ts'
import type { EngineExceptions, EngineFeature } from './engine-exceptions.ts'
import { testConstraints, testSampling } from './engine-sampling.ts'

export interface EngineUnderTest {
  /** Whether a request may begin with what an earlier one of the same key read. */
  readonly keepsPrefixes: boolean
  readonly engine: Engine
  readonly tokenizer: ChatTokenizer
  /** Ends whatever does the work, as a fault would. */
  crash(): void
  /** What callers may be told then; ENGINE_CRASHED when left out. */
  readonly crashCodes?: readonly string[]
  /**
   * For what decodes behind a connection: an answer may be whole, in buffers on the way, before its reader sees the
   * first token. While answers are held each begins, and ends by a crash only.
   */
  readonly hold?: (areHeld: boolean) => void
}

export type RequestParts = Partial<Omit<GenerateRequest, 'sampling'>> & {
  /** Beside the three below. */
  readonly sampling?: Partial<SamplingParameters>
  readonly temperature?: number
  readonly topP?: number
  readonly seed?: bigint
}

interface Answer {
  readonly ids: readonly number[]
  readonly prefilled: readonly number[]
  readonly finish: GenerateFinish | undefined
}

/** Long enough to pass the window three times. */
const LONG_TOKENS = 3 * ENGINE_WINDOW_EVENTS
const SEEDS_TRIED = 64n

export interface EngineSuite {
  /** A trained model wants a question that it answers at length. */
  readonly question?: string
  /** What this engine cannot hold by its nature; nothing when left out. */
  readonly exceptions?: EngineExceptions
}

/** Runs the suite, the same for all. `create` is called once; the engine is disposed here. */
export function testEngine(
  name: string,
  create: () => Promise<EngineUnderTest>,
  { question = 'What?', exceptions = {} }: EngineSuite = {},
): void {
  describe(`engine contract: ${name}`, () => {
    const harness = useHarness(create, question, exceptions)
    testLimits(harness)
    if (exceptions['token ids'] === undefined) {
      testEnds(harness)
      testContinuation(harness)
    } else testTextOnly(harness)
    testReproduction(harness)
    testSharing(harness)
    testPrefixes(harness)
    testSampling(harness)
    testConstraints(harness)
    testVerify(harness)
    testCrash(harness)
  })
}

export interface Harness {
  readonly under: EngineUnderTest
  readonly engine: Engine
  readonly exceptions: EngineExceptions
  /**
   * Whether the engine cannot hold this by its nature; that it refuses such a request by name, and lives, is
   * asserted here.
   */
  cannot(feature: EngineFeature, parts: RequestParts): Promise<boolean>
  request(parts?: RequestParts): GenerateRequest
  answer(parts?: RequestParts): Promise<Answer>
  /** A request whose answer has at least LONG_TOKENS tokens. */
  longRequest(): Promise<RequestParts>
}

function useHarness(
  create: () => Promise<EngineUnderTest>,
  question: string,
  exceptions: EngineExceptions,
): Harness {
  let under: EngineUnderTest | undefined
  let long: RequestParts | undefined
  beforeAll(async () => {
    under = await create()
  })
  afterAll(async () => {
    await under?.engine[Symbol.asyncDispose]()
  })
  const harness: Harness = {
    exceptions,
    async cannot(feature, parts) {
      const exception = exceptions[feature]
      if (exception === undefined) return false
      const { refusal } = exception
      if (refusal === undefined) return true
      await expect(harness.answer(parts), feature).rejects.toMatchObject(refusal)
      expect(harness.engine.load()).toEqual({ active: 0, queued: 0 })
      return true
    },
    get under() {
      if (under === undefined) throw new Error('the engine was not created')
      return under
    },
    get engine() {
      return harness.under.engine
    },
    request: (parts = {}) => {
      const { temperature = 0, topP = 1, seed = 1n, sampling, ...rest } = parts
      return {
        promptTokenIds: harness.under.tokenizer.encodeChat([{ role: 'user', content: question }]),
        resumeTokenIds: [],
        maxTokens: 24,
        sampling: { temperature, topP, seed, ...sampling },
        stop: [],
        signal: new AbortController().signal,
        ...rest,
      }
    },
    answer: (parts) => readAnswer(harness.engine.generate(harness.request(parts))),
    async longRequest() {
      for (let seed = 1n; long === undefined && seed <= SEEDS_TRIED; seed++) {
        const parts = { temperature: 2, seed, maxTokens: LONG_TOKENS }
        if ((await harness.answer(parts)).finish === 'length') long = parts
      }
      if (long === undefined) throw new Error('no seed gives a long answer')
      return long
    },
  }
  return harness
}

async function readAnswer(events: AsyncIterable<GenerateEvent>): Promise<Answer> {
  const ids: number[] = []
  const prefilled: number[] = []
  let finish: GenerateFinish | undefined
  for await (const event of events) {
    expect(finish, 'nothing comes after the end').toBeUndefined()
    if (event.kind === 'token') ids.push(event.id)
    else if (event.kind === 'prefilled') prefilled.push(event.tokens)
    else finish = event.finish
  }
  return { ids, prefilled, finish }
}

function testLimits(harness: Harness): void {
  const refused = async (parts: RequestParts, code: string) => {
    await expect(harness.answer(parts)).rejects.toMatchObject({ kind: 'config', code })
    expect(harness.engine.load()).toEqual({ active: 0, queued: 0 })
  }

  it('refuses a prompt of one token', async () => {
    await refused({ promptTokenIds: [1] }, 'PROMPT_TOO_SHORT')
    await refused({ promptTokenIds: [] }, 'PROMPT_TOO_SHORT')
  })

  it('refuses a prompt that fills the context, also together with a resumed answer', async () => {
    const { contextTokens } = harness.engine.info
    await refused({ promptTokenIds: new Array(contextTokens).fill(1) }, 'PROMPT_TOO_LONG')
    const half = new Array(contextTokens / 2).fill(1)
    await refused({ promptTokenIds: half, resumeTokenIds: half }, 'PROMPT_TOO_LONG')
  })

  it('refuses ids outside of the vocabulary', async () => {
    const { vocabularySize } = harness.under.tokenizer
    for (const id of [-1, 1.5, Number.NaN, vocabularySize]) {
      await refused({ promptTokenIds: [1, id] }, 'TOKEN_OUT_OF_RANGE')
      await refused({ resumeTokenIds: [id] }, 'TOKEN_OUT_OF_RANGE')
    }
  })

  it('refuses sampling and stop parameters out of range', async () => {
    const wrong = [{ temperature: -1 }, { temperature: 2.1 }, { temperature: Number.NaN }]
    const alsoWrong = [{ topP: 0 }, { topP: 1.1 }, { seed: -1n }, { seed: 1n << 64n }]
    for (const parts of [...wrong, ...alsoWrong, { maxTokens: 0 }, { maxTokens: 1.5 }]) {
      await refused(parts, 'SAMPLING_OUT_OF_RANGE')
    }
    await refused({ stop: ['a', 'b', 'c', 'd', 'e'] }, 'STOP_OUT_OF_RANGE')
    await refused({ stop: [''] }, 'STOP_OUT_OF_RANGE')
  })
}

/** What comes back as text has no ids of its own: nothing is counted again, and nothing goes on from it. */
function testTextOnly(harness: Harness): void {
  it('says that its ids are not the sampled ones, and goes on from none', async () => {
    expect(harness.engine.info.exactTokenIds).toBe(false)
    const { ids } = await harness.answer()
    expect(await harness.cannot('token ids', { resumeTokenIds: ids.slice(0, 3) })).toBe(true)
  })
}

function testPrefixes(harness: Harness): void {
  const cachedOf = async (parts: RequestParts): Promise<number[]> => {
    const cached: number[] = []
    for await (const event of harness.engine.generate(harness.request(parts))) {
      if (event.kind === 'prefilled') cached.push(event.cachedTokens)
    }
    return cached
  }
  const chat = (turns: number) =>
    harness.under.tokenizer.encodeChat(
      Array.from({ length: 2 * turns - 1 }, (_, at) => ({
        role: at % 2 === 0 ? ('user' as const) : ('assistant' as const),
        content: `${at} is what was said here`,
      })),
    )

  it('reads a chat on from where its last turn began, and says the same as without', async () => {
    const cacheKey = 'customer a'
    const cached: number[] = []
    for (let turns = 1; turns <= 5; turns++) {
      const promptTokenIds = chat(turns)
      const parts = { promptTokenIds, temperature: 1, maxTokens: 6 }
      const plain = await harness.answer(parts)
      const found = await cachedOf({ ...parts, cacheKey })
      expect(new Set(found).size).toBe(1)
      cached.push(found[0] ?? 0)
      expect(await harness.answer({ ...parts, cacheKey })).toMatchObject({
        ids: plain.ids,
        finish: plain.finish,
      })
    }
    if (!harness.under.keepsPrefixes) expect(cached).toEqual([0, 0, 0, 0, 0])
    else {
      expect(cached[0]).toBe(0)
      for (let turn = 1; turn < 5; turn++) expect(cached[turn]).toBeGreaterThan(cached[turn - 1]!)
    }
  })

  it('keeps nothing for others: not for another key, not without one', async () => {
    const promptTokenIds = chat(3)
    await cachedOf({ promptTokenIds, maxTokens: 1, cacheKey: 'customer b' })
    for (const other of [{ cacheKey: 'customer c' }, {}]) {
      const cached = await cachedOf({ promptTokenIds, maxTokens: 1, ...other })
      expect(new Set(cached)).toEqual(new Set([0]))
    }
    const again = await cachedOf({ promptTokenIds, maxTokens: 1, cacheKey: 'customer b' })
    // All but the last two ids at most: at least two are always read together.
    const most = harness.under.keepsPrefixes ? promptTokenIds.length - 2 : 0
    expect(again[0]).toBe(most)
  })

  if (harness.exceptions['token ids'] !== undefined) return

  it('reads on after a failure from the ids of the answer so far', async () => {
    const long = await harness.longRequest()
    const { ids } = await harness.answer(long)
    const resumeTokenIds = ids.slice(0, 9)
    const resumed = await harness.answer({ ...long, resumeTokenIds })
    await cachedOf({ ...long, cacheKey: 'customer d', maxTokens: 1 })
    const cached = await harness.answer({ ...long, resumeTokenIds, cacheKey: 'customer d' })
    expect(cached.ids).toEqual(resumed.ids)
  })
}

function testEnds(harness: Harness): void {
  it('ends after exactly the tokens asked for, having reported the whole prompt', async () => {
    const { promptTokenIds } = harness.request()
    const long = await harness.longRequest()
    for (const maxTokens of [1, 2, 17]) {
      const { ids, prefilled, finish } = await harness.answer({ ...long, maxTokens })
      expect(ids).toHaveLength(maxTokens)
      expect(finish).toBe('length')
      expect(prefilled.at(-1)).toBe(promptTokenIds.length)
      expect(prefilled).toEqual(prefilled.toSorted((a, b) => a - b))
    }
  })

  it('ends where the context is full', async () => {
    const { contextTokens } = harness.engine.info
    const promptTokenIds = new Array(contextTokens - 3).fill(5)
    const { ids, finish } = await harness.answer({ promptTokenIds, temperature: 2 })
    if (finish === 'length') expect(ids).toHaveLength(3)
    else expect(harness.under.tokenizer.endTokenIds).toContain(ids.at(-1))
  })

  it('ends with the end token', async () => {
    const { endTokenIds } = harness.under.tokenizer
    for (let seed = 0n; seed < SEEDS_TRIED; seed++) {
      const temperature = seed === 0n ? 0 : 2
      const { ids, finish } = await harness.answer({ temperature, seed, maxTokens: 400 })
      const ends = ids.filter((id) => endTokenIds.includes(id))
      expect(ends).toHaveLength(finish === 'stop' ? 1 : 0)
      if (finish !== 'stop') continue
      expect(endTokenIds).toContain(ids.at(-1))
      const again = await harness.answer({ resumeTokenIds: ids })
      expect(again).toEqual({ ids: [], prefilled: [], finish: 'stop' })
      return
    }
    expect.unreachable('no seed gives an answer that ends by itself')
  })

  it('ends with the token that completes a stop string across a token border', async () => {
    const long = await harness.longRequest()
    const { ids } = await harness.answer(long)
    const stop = stringAcrossBorder(harness.under.tokenizer, ids)
    const text = harness.under.tokenizer.textStream([stop])
    const completedAt = ids.findIndex((id) => {
      text.push(id)
      return text.stopped
    })
    const stopped = await harness.answer({ ...long, stop: ['never said', stop] })
    expect(stopped).toMatchObject({ ids: ids.slice(0, completedAt + 1), finish: 'stop' })
    const cuts = [completedAt + 1]
    // Before the border only where the rest would be drawn alike.
    if (harness.exceptions['random numbers by position'] === undefined) cuts.push(completedAt - 1)
    for (const cut of cuts.map((each) => Math.max(1, each))) {
      const resumed = { ...long, stop: [stop], resumeTokenIds: ids.slice(0, cut) }
      expect((await harness.answer(resumed)).ids).toEqual(ids.slice(cut, completedAt + 1))
    }
  })
}

/** The last character of one token's text and the first of the next one's. */
function stringAcrossBorder(tokenizer: ChatTokenizer, ids: readonly number[]): string {
  const text = tokenizer.textStream([])
  let before = ''
  for (const [at, id] of ids.entries()) {
    const piece = text.push(id)
    const candidate = before.slice(-1) + piece.slice(0, 1)
    const isText = /^[\p{ASCII}]{2}$/u.test(candidate)
    if (at >= 8 && piece.length > 0 && isText && !before.includes(candidate)) return candidate
    before += piece
  }
  throw new Error('the long answer has no such border')
}

function testReproduction(harness: Harness): void {
  it('answers alike for one seed and differently for another', async () => {
    const long = await harness.longRequest()
    const first = await harness.answer(long)
    expect(await harness.answer(long)).toEqual(first)
    const other = await harness.answer({ ...long, seed: (long.seed ?? 0n) + 1_000n })
    expect(other.ids).not.toEqual(first.ids)
  })

  it('answers concurrent requests exactly as it answers each alone', async () => {
    const count = harness.engine.info.slotsTotal + 2
    const requests = Array.from({ length: count }, (_, at) => ({
      promptTokenIds: harness.under.tokenizer.encodeChat([
        { role: 'user', content: 'Why? '.repeat(1 + 9 * at) },
      ]),
      temperature: at % 2 === 0 ? 2 : 0,
      seed: BigInt(at),
    }))
    const together = await Promise.all(requests.map((parts) => harness.answer(parts)))
    for (const [at, parts] of requests.entries()) {
      const { prefilled, ...alone } = await harness.answer(parts)
      // Alone a prompt is read in longer pieces; what was read in the end is the same.
      const expected = { ...together[at], prefilled: together[at]?.prefilled.at(-1) }
      expect({ ...alone, prefilled: prefilled.at(-1) }, `request ${at}`).toEqual(expected)
    }
  })
}

function testContinuation(harness: Harness): void {
  it('continues a greedy answer from any point as if it had not been interrupted', async () => {
    const whole = await harness.answer({ maxTokens: 40 })
    for (const cut of [1, 2, 7, Math.min(20, whole.ids.length - 1)]) {
      const resumeTokenIds = whole.ids.slice(0, cut)
      const rest = await harness.answer({ resumeTokenIds, maxTokens: 40 - cut })
      expect(rest.ids, `resumed after ${cut}`).toEqual(whole.ids.slice(cut))
      expect(rest.prefilled.at(-1)).toBe(harness.request().promptTokenIds.length)
    }
  })

  it('keys its random numbers by position: a sampled answer continues alike', async () => {
    const long = { ...(await harness.longRequest()), temperature: 0.7 }
    const whole = await harness.answer(long)
    const resumeTokenIds = whole.ids.slice(0, 5)
    const parts = { ...long, resumeTokenIds, maxTokens: LONG_TOKENS - 5 }
    const rest = await harness.answer(parts)
    expect(await harness.answer(parts), 'alike in any case for one seed').toEqual(rest)
    if (harness.exceptions['random numbers by position'] !== undefined) return
    expect(rest.ids).toEqual(whole.ids.slice(5))
  })
}

function testSharing(harness: Harness): void {
  const idle = () => expect.poll(() => harness.engine.load()).toEqual({ active: 0, queued: 0 })

  /** Starts a request and reads its first event. */
  const begin = async (parts: RequestParts) => {
    const abort = new AbortController()
    const request = harness.request({ ...parts, signal: abort.signal })
    const events = harness.engine.generate(request)[Symbol.asyncIterator]()
    const first = await events.next()
    expect(first.value).toMatchObject({ kind: 'prefilled' })
    return { abort, rest: { [Symbol.asyncIterator]: () => events } }
  }

  it('cancels before the start, in the queue and at work, and frees the slot', async () => {
    const long = await harness.longRequest()
    const before = AbortSignal.abort()
    expect(await harness.answer({ signal: before })).toMatchObject({ ids: [], finish: 'cancelled' })

    const { slotsTotal } = harness.engine.info
    const working = await Promise.all(Array.from({ length: slotsTotal }, () => begin(long)))
    const waitingAbort = new AbortController()
    const waiting = harness.answer({ ...long, signal: waitingAbort.signal })
    const next = harness.answer(long)
    expect(harness.engine.load()).toEqual({ active: slotsTotal, queued: 2 })
    waitingAbort.abort()
    expect(await waiting).toMatchObject({ ids: [], finish: 'cancelled' })

    working[0]?.abort.abort()
    expect((await next).ids).toHaveLength(LONG_TOKENS)
    for (const { abort, rest } of working) {
      abort.abort()
      expect((await readAnswer(rest)).finish).toBe('cancelled')
    }
    await idle()
  })

  it('cancels when the reader leaves its loop', async () => {
    const long = await harness.longRequest()
    for await (const event of harness.engine.generate(harness.request(long))) {
      if (event.kind === 'token') break
    }
    await idle()
  })

  it('never works more than a window ahead of a reader that has stopped', async () => {
    const long = await harness.longRequest()
    const { abort, rest } = await begin(long)
    // Whole answers beside it give it all the turns it could ever want.
    expect((await harness.answer(long)).ids).toHaveLength(LONG_TOKENS)
    abort.abort()
    const { ids, prefilled, finish } = await readAnswer(rest)
    expect(finish).toBe('cancelled')
    expect(ids.length + prefilled.length).toBeLessThanOrEqual(ENGINE_WINDOW_EVENTS)
    expect(ids.length).toBeGreaterThan(0)
    await idle()
  })

  it('says that it is busy when slots and queue are full', async () => {
    const long = await harness.longRequest()
    const { slotsTotal } = harness.engine.info
    const abort = new AbortController()
    const parts = { ...long, signal: abort.signal }
    const all = Array.from({ length: slotsTotal + ENGINE_QUEUE_MAX }, () => harness.answer(parts))
    expect(harness.engine.load()).toEqual({ active: slotsTotal, queued: ENGINE_QUEUE_MAX })
    const busy = { kind: 'unavailable', code: 'ENGINE_BUSY' }
    await expect(harness.answer(long)).rejects.toMatchObject(busy)
    abort.abort()
    for (const { finish } of await Promise.all(all)) expect(finish).toBe('cancelled')
    await idle()
  })
}

function testVerify(harness: Harness): void {
  if (harness.exceptions.verify === undefined) return
  it('refuses to verify an answer, by name', async () => {
    const { engine } = harness
    const { maxTokens: _, resumeTokenIds: __, ...asked } = harness.request()
    const schedule = { digest: engine.info.scheduleDigest, resumedTokens: 0 }
    const verified = engine.verify({ ...asked, answer: [{ id: 65 }], schedule })
    await expect(verified).rejects.toMatchObject({ ...harness.exceptions.verify?.refusal })
  })
}

function testCrash(harness: Harness): void {
  it('tells every caller of a crash, then works again', async () => {
    const expected = await harness.answer()
    const long = await harness.longRequest()
    const { slotsTotal } = harness.engine.info
    harness.under.hold?.(true)
    const all = Array.from({ length: slotsTotal + 1 }, async () => {
      for await (const event of harness.engine.generate(harness.request(long))) {
        if (event.kind === 'token') harness.under.crash()
      }
    })
    for (const result of await Promise.allSettled(all)) {
      const { crashCodes = ['ENGINE_CRASHED'] } = harness.under
      const code = expect.toBeOneOf([...crashCodes])
      const reason = { kind: 'unavailable', code }
      expect(result).toMatchObject({ status: 'rejected', reason })
    }
    harness.under.hold?.(false)
    expect(harness.engine.load()).toEqual({ active: 0, queued: 0 })
    expect(await harness.answer()).toEqual(expected)
  })
}
