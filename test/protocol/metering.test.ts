import { describe, expect, it } from 'vitest'
import { priceNano, type UnitPrices } from '#protocol/money.ts'
import {
  type ClientMeter,
  type ClientMeterEvent,
  startClientMeter,
  stepClientMeter,
} from '#protocol/session/client-meter.ts'
import { startProviderMeter, stepProviderMeter } from '#protocol/session/provider-meter.ts'
import { chunkUnits, streamsAtOnce, unitsCostNano } from '#protocol/session/units.ts'

/** 1,000 nanoTON per token of either kind. */
const prices: UnitPrices = {
  promptNanoPerMtok: 1_000_000_000n,
  cachedNanoPerMtok: 100_000_000n,
  completionNanoPerMtok: 1_000_000_000n,
}
const terms = { prices, promptTokens: 20, completionTokensMax: 100 }

function run(events: readonly ClientMeterEvent[], keptUnits = 0) {
  let state: ClientMeter = startClientMeter({ ...terms, keptUnits, streams: 1 })
  const effects = events.flatMap((event) => {
    const step = stepClientMeter(state, event)
    state = step.state
    return step.effects
  })
  return { state, effects }
}

const start = { kind: 'start' } as const
const promptRead = (doneTokens: number) => ({ kind: 'prompt-progress', doneTokens }) as const
const tokens = (count: number) => ({ kind: 'tokens', count }) as const
function claim(promptTokens: number, completionTokens: number, cachedTokens = 0) {
  const counts = { promptTokens, completionTokens, cachedTokens }
  return { ...counts, usedNano: priceNano(prices, counts) }
}

describe('chunk schedule', () => {
  it('lets all streams together prepay no more than one alone would', () => {
    expect([0, 127, 128, 256, 512, 1_000_000].map(streamsAtOnce)).toEqual([1, 1, 2, 4, 8, 8])
    for (const keptUnits of [0, 128, 300, 700, 5_000]) {
      const streams = streamsAtOnce(keptUnits)
      const meter = startClientMeter({ ...terms, completionTokensMax: 5_000, keptUnits, streams })
      const { state } = stepClientMeter(meter, start)
      expect(streams * state.chunkSize).toBeLessThanOrEqual(chunkUnits(keptUnits))
    }
  })

  it('starts at 16, then is at most a quarter of what was kept, and ends at 256', () => {
    const sizes = [0, 127, 128, 255, 256, 512, 1_023, 1_024, 1_000_000].map(chunkUnits)
    expect(sizes).toEqual([16, 16, 32, 32, 64, 128, 128, 256, 256])
  })

  it('prices all units so far, rounded up once', () => {
    const cheap = { promptNanoPerMtok: 1n, cachedNanoPerMtok: 1n, completionNanoPerMtok: 3n }
    expect(unitsCostNano(cheap, 10, 0, 0)).toBe(0n)
    expect(unitsCostNano(cheap, 10, 0, 1)).toBe(1n)
    expect(unitsCostNano(cheap, 10, 0, 1_000_000)).toBe(3n)
    expect(unitsCostNano(prices, 10, 4, 6)).toBe(4n * 100n + 2n * 1_000n)
  })
})

describe('client meter', () => {
  it('pays the first chunk at the start and the next when half of it arrived', () => {
    const { effects } = run([start, promptRead(7), promptRead(8), promptRead(20), tokens(3)])
    expect(effects).toEqual([
      { kind: 'allocate', allocatedNano: 16_000n },
      { kind: 'allocate', allocatedNano: 32_000n },
    ])
    expect(run([start, promptRead(8), promptRead(20), tokens(4)]).effects).toHaveLength(3)
  })

  it('pays the whole of a short request and no more', () => {
    const { effects } = run([start], 100_000)
    expect(effects).toEqual([{ kind: 'allocate', allocatedNano: 120_000n }])
  })

  it.each<[string, string, readonly ClientMeterEvent[]]>([
    ['more prompt than paid', 'METER_OVERRUN', [start, promptRead(17)]],
    ['anything before the start', 'METER_OVERRUN', [promptRead(1)]],
    ['more prompt than asked', 'METER_OVERRUN', [start, promptRead(8), promptRead(21)]],
    ['more tokens than paid', 'METER_OVERRUN', [start, promptRead(8), promptRead(20), tokens(13)]],
    ['a prompt count that went down', 'METER_BACKWARDS', [start, promptRead(8), promptRead(7)]],
    ['a negative token count', 'METER_BACKWARDS', [start, tokens(-1)]],
    ['a fraction of a token', 'METER_BACKWARDS', [start, promptRead(1.5)]],
    ['tokens before the prompt was read', 'METER_ORDER', [start, promptRead(8), tokens(1)]],
    ['a second start', 'METER_ORDER', [start, start]],
    [
      'a checkpoint of less',
      'METER_BACKWARDS',
      [start, promptRead(8), { kind: 'checkpoint', ...claim(7, 0) }],
    ],
    [
      'a checkpoint of more',
      'METER_COUNT',
      [start, promptRead(8), { kind: 'checkpoint', ...claim(9, 0) }],
    ],
    [
      'more cached than read',
      'METER_COUNT',
      [start, promptRead(8), { kind: 'checkpoint', ...claim(8, 0, 9) }],
    ],
    [
      'a wrong price',
      'METER_PRICE',
      [start, promptRead(8), { kind: 'checkpoint', ...claim(8, 0), usedNano: 8_001n }],
    ],
    [
      'a price in our favour',
      'METER_PRICE',
      [start, promptRead(8), { kind: 'checkpoint', ...claim(8, 0), usedNano: 7_999n }],
    ],
    ['a wrong end', 'METER_COUNT', [start, promptRead(8), { kind: 'ended', ...claim(8, 1) }]],
    [
      'tokens after the end',
      'METER_ORDER',
      [start, { kind: 'ended', ...claim(0, 0) }, promptRead(1)],
    ],
  ])('freezes on %s', (_, code, events) => {
    const { state, effects } = run(events)
    expect(effects.at(-1)).toMatchObject({ kind: 'violation', code })
    expect(state.phase).toBe('violated')
    for (const later of [
      start,
      promptRead(20),
      tokens(1),
      { kind: 'ended', ...claim(8, 0) },
    ] as const) {
      expect(stepClientMeter(state, later)).toEqual({ state, effects: [] })
    }
  })

  it('takes a checkpoint with cached tokens at their price, and one with nothing', () => {
    const { state, effects } = run([
      { kind: 'checkpoint', ...claim(0, 0) },
      start,
      promptRead(8),
      { kind: 'checkpoint', ...claim(8, 0, 5) },
      { kind: 'ended', ...claim(8, 0, 5) },
    ])
    expect(state.phase).toBe('ended')
    expect(effects.every((effect) => effect.kind === 'allocate')).toBe(true)
  })

  it('refuses cached tokens that would cost more than was allocated', () => {
    const dear = { ...prices, cachedNanoPerMtok: 9_000_000_000n }
    const first = stepClientMeter(
      startClientMeter({ ...terms, prices: dear, keptUnits: 0, streams: 1 }),
      start,
    )
    const read = stepClientMeter(first.state, promptRead(8))
    const counts = { promptTokens: 8, cachedTokens: 8, completionTokens: 0 }
    const dearClaim = { ...counts, usedNano: priceNano(dear, counts) }
    const { effects } = stepClientMeter(read.state, { kind: 'checkpoint', ...dearClaim })
    expect(effects).toMatchObject([{ kind: 'violation', code: 'METER_PRICE' }])
  })

  it('refuses terms that are out of range', () => {
    expect(() => startClientMeter({ ...terms, keptUnits: -1, streams: 1 })).toThrow(RangeError)
    expect(() =>
      startClientMeter({ ...terms, promptTokens: 1e9, keptUnits: 0, streams: 1 }),
    ).toThrow(RangeError)
    const negative = { ...prices, completionNanoPerMtok: -1n }
    expect(() => startProviderMeter({ ...terms, prices: negative })).toThrow(RangeError)
  })
})

describe('provider meter', () => {
  it('owes a checkpoint at the ask and at each allowance that it reached', () => {
    let state = startProviderMeter(terms)
    const step = (event: Parameters<typeof stepProviderMeter>[1]) => {
      const result = stepProviderMeter(state, event)
      state = result.state
      return result.effects.map((effect) => effect.kind)
    }
    expect(step({ kind: 'start' })).toEqual(['checkpoint', 'pause'])
    expect(step({ kind: 'allocated', nano: 16_000n })).toEqual(['produce'])
    expect(step({ kind: 'produced', units: 10, part: 'prompt' })).toEqual([])
    expect(step({ kind: 'allocated', nano: 32_000n })).toEqual(['produce'])
    expect(step({ kind: 'produced', units: 10, part: 'prompt' })).toEqual(['checkpoint'])
    expect(step({ kind: 'produced', units: 12, part: 'completion' })).toEqual([
      'checkpoint',
      'pause',
    ])
    expect(() => step({ kind: 'produced', units: 1, part: 'completion' })).toThrow(RangeError)
    expect(step({ kind: 'allocated', nano: 32_500n })).toEqual([])
    expect(step({ kind: 'ended' })).toEqual([])
    expect(step({ kind: 'allocated', nano: 48_000n })).toEqual([])
  })

  it('never produces completion tokens before the prompt, nor more than was asked', () => {
    const begun = stepProviderMeter(startProviderMeter(terms), { kind: 'start' }).state
    const paid = stepProviderMeter(begun, { kind: 'allocated', nano: 10n ** 9n }).state
    expect(paid.unitsAllowed).toBe(120)
    const early = { kind: 'produced', units: 1, part: 'completion' } as const
    expect(() => stepProviderMeter(paid, early)).toThrow(RangeError)
    const long = { kind: 'produced', units: 21, part: 'prompt' } as const
    expect(() => stepProviderMeter(paid, long)).toThrow(RangeError)
  })

  it('stops for a client that takes money back', () => {
    const begun = stepProviderMeter(startProviderMeter(terms), { kind: 'start' }).state
    const paid = stepProviderMeter(begun, { kind: 'allocated', nano: 16_000n }).state
    const { state, effects } = stepProviderMeter(paid, { kind: 'allocated', nano: 15_999n })
    expect(effects).toMatchObject([{ kind: 'violation', code: 'METER_ALLOCATION' }])
    expect(stepProviderMeter(state, { kind: 'allocated', nano: 99_000n }).effects).toEqual([])
  })

  it('serves what costs nothing without a voucher', () => {
    const free = { promptNanoPerMtok: 0n, cachedNanoPerMtok: 0n, completionNanoPerMtok: 0n }
    const { effects } = stepProviderMeter(startProviderMeter({ ...terms, prices: free }), {
      kind: 'start',
    })
    expect(effects).toEqual([{ kind: 'checkpoint' }, { kind: 'produce', unitsAllowed: 120 }])
  })
})
