/** What every engine must do with each field of sampling and each constraint, or refuse by name. */
import { expect, it } from 'vitest'
import { TOP_LOGPROBS_MAX } from '#inference/constants.ts'
import { parseToolCalls } from '#inference/decoding/tool-calls.ts'
import type { OutputConstraint, TokenLogprobs } from '#inference/engine.ts'
import type { Harness, RequestParts } from './engine.ts'

const SCHEMA = JSON.stringify({
  type: 'object',
  properties: {
    word: { type: 'string', maxLength: 5 },
    count: { type: 'integer', minimum: 10, maximum: 99 },
    isSo: { type: 'boolean' },
  },
  required: ['word', 'count', 'isSo'],
})
const CONSTRAINT: OutputConstraint = { kind: 'json_schema', schema: SCHEMA }
/** More than any document of the schema has bytes. */
const DOCUMENT_TOKENS = 90

export function testSampling(harness: Harness): void {
  const hot = { temperature: 2, maxTokens: 12 }

  it('keeps to the best id where a cut leaves only that one', async () => {
    const { ids } = await harness.answer({ ...hot, temperature: 0 })
    expect((await harness.answer({ ...hot, topP: 1e-9 })).ids).toEqual(ids)
    if (!(await harness.cannot('min_p', { ...hot, sampling: { minP: 1 } }))) {
      expect((await harness.answer({ ...hot, sampling: { minP: 1 } })).ids).toEqual(ids)
    }
    if (await harness.cannot('top_k', { ...hot, sampling: { topK: 1 } })) return
    expect((await harness.answer({ ...hot, sampling: { topK: 1 } })).ids).toEqual(ids)
    const cut = await harness.answer({ ...hot, sampling: { topK: 2 } })
    expect((await harness.answer({ ...hot, sampling: { topK: 2 } })).ids).toEqual(cut.ids)
  })

  it('moves logits by bias: what is pushed comes, what is banned does not', async () => {
    const [wanted, other] = [65, 66]
    const push = { ...hot, sampling: { logitBias: [{ id: wanted, bias: 100 }] } }
    if (await harness.cannot('logit_bias', push)) return
    const pushed = await harness.answer(push)
    expect(new Set(pushed.ids)).toEqual(new Set([wanted]))
    // Whichever of the two is likelier at first, penalties that grow bring in the other.
    const logitBias = [wanted, other].map((id) => ({ id, bias: 100 }))
    const penalised = { logitBias, frequencyPenalty: 2 }
    const { ids } = await harness.answer({ temperature: 0, maxTokens: 24, sampling: penalised })
    expect(new Set(ids)).toEqual(new Set([wanted, other]))
  })

  // Without ids nothing is continued; the bias above shows that penalties have their effect.
  if (harness.exceptions['token ids'] === undefined) testPenalties(harness)

  it('gives log probabilities of each token and of the most likely ones, if asked', async () => {
    const logprobsOf = async (parts: RequestParts) => {
      const found: { id: number; logprobs: TokenLogprobs | undefined }[] = []
      for await (const event of harness.engine.generate(harness.request(parts))) {
        if (event.kind === 'token') found.push({ id: event.id, logprobs: event.logprobs })
      }
      return found
    }
    for (const { logprobs } of await logprobsOf({})) expect(logprobs).toBeUndefined()
    if (await harness.cannot('logprobs', { topLogprobs: 0 })) return
    for (const { logprobs } of await logprobsOf({ topLogprobs: 0 })) {
      expect(logprobs?.top).toEqual([])
    }
    for (const { id, logprobs } of await logprobsOf({ topLogprobs: TOP_LOGPROBS_MAX })) {
      const top = logprobs?.top ?? []
      expect(top).toHaveLength(TOP_LOGPROBS_MAX)
      expect(top[0]).toEqual({ id, logprob: logprobs?.logprob })
      expect(new Set(top.map((each) => each.id)).size).toBe(TOP_LOGPROBS_MAX)
      const values = top.map((each) => each.logprob)
      expect(values).toEqual(values.toSorted((a, b) => b - a))
      expect(values.reduce((sum, each) => sum + Math.exp(each), 0)).toBeLessThanOrEqual(1.001)
    }
  })

  it('names the field of sampling that is out of its range', async () => {
    const wrong: RequestParts[] = [
      ...[0, 1.5, 100_000].map((topK) => ({ sampling: { topK } })),
      ...[-0.1, 1.1, Number.NaN].map((minP) => ({ sampling: { minP } })),
      ...[0, Number.MIN_VALUE, 2.1].map((repetitionPenalty) => ({
        sampling: { repetitionPenalty },
      })),
      ...[-2.1, 2.1].map((frequencyPenalty) => ({ sampling: { frequencyPenalty } })),
      ...[-2.1, Number.NaN].map((presencePenalty) => ({ sampling: { presencePenalty } })),
    ]
    const bias = [
      { id: -1, bias: 0 },
      { id: 1, bias: 101 },
      { id: 1.5, bias: 0 },
    ]
    wrong.push(...bias.map((each) => ({ sampling: { logitBias: [each] } })))
    wrong.push({ sampling: { logitBias: [1, 1].map((id) => ({ id, bias: 1 })) } })
    wrong.push({
      sampling: { logitBias: Array.from({ length: 301 }, (_, id) => ({ id, bias: 1 })) },
    })
    for (const parts of wrong) {
      const [field = ''] = Object.keys(parts.sampling ?? {})
      const refused = { kind: 'config', code: 'SAMPLING_OUT_OF_RANGE', data: { field } }
      await expect(harness.answer(parts), JSON.stringify(parts)).rejects.toMatchObject(refused)
    }
    for (const topLogprobs of [-1, 21, 0.5]) {
      await expect(harness.answer({ topLogprobs })).rejects.toMatchObject({
        code: 'SAMPLING_OUT_OF_RANGE',
      })
    }
  })
}

function testPenalties(harness: Harness): void {
  it('continues an answer with penalties as if it had not been interrupted', async () => {
    const penalties = { frequencyPenalty: 0.5, presencePenalty: 0.4 }
    const counted = { resumeTokenIds: [65], sampling: penalties }
    const isCut = await harness.cannot('resume with penalties', counted)
    const isRedrawn = harness.exceptions['random numbers by position'] !== undefined
    const sampling = { repetitionPenalty: 1.3, topK: 50, ...(isCut ? {} : penalties) }
    const temperature = isRedrawn ? 0 : 0.8
    const parts: RequestParts = { temperature, seed: 5n, maxTokens: 24, sampling }
    const whole = await harness.answer(parts)
    for (const cut of [1, Math.floor(whole.ids.length / 2), whole.ids.length - 1]) {
      if (cut < 1) continue
      const resumeTokenIds = whole.ids.slice(0, cut)
      const rest = await harness.answer({ ...parts, resumeTokenIds, maxTokens: 24 - cut })
      expect(rest.ids, `resumed after ${cut}`).toEqual(whole.ids.slice(cut))
    }
  })
}

export function testConstraints(harness: Harness): void {
  const textOf = (ids: readonly number[]) => {
    const text = harness.under.tokenizer.textStream([])
    return ids.map((id) => text.push(id)).join('') + text.end()
  }
  const cannotGoOn = async (parts: RequestParts) =>
    (await harness.cannot('token ids', parts)) ||
    (await harness.cannot('resume with a constraint', parts))

  it('writes a document of the schema, greedy or drawn, and continues it exactly', async () => {
    for (const temperature of [0, 1.5]) {
      const parts = { constraint: CONSTRAINT, temperature, maxTokens: DOCUMENT_TOKENS }
      const whole = await harness.answer(parts)
      expect(whole.finish).toBe('stop')
      const document = JSON.parse(textOf(whole.ids)) as Record<string, unknown>
      expect(Object.keys(document)).toEqual(['word', 'count', 'isSo'])
      expect([...String(document.word)].length).toBeLessThanOrEqual(5)
      expect(document.count).toBeGreaterThanOrEqual(10)
      expect(document.count).toBeLessThanOrEqual(99)
      expect(document.isSo).toBeTypeOf('boolean')
      if (await cannotGoOn({ ...parts, resumeTokenIds: whole.ids.slice(0, 9) })) continue
      const sampling = { presencePenalty: 1 }
      const penalised = await harness.answer({ ...parts, sampling })
      const resumeTokenIds = penalised.ids.slice(0, 9)
      const rest = await harness.answer({ ...parts, sampling, resumeTokenIds })
      expect(rest.ids).toEqual(penalised.ids.slice(9))
    }
  })

  it('says length where a document is cut, and refuses to go on from what is none', async () => {
    const cut = await harness.answer({ constraint: CONSTRAINT, maxTokens: 3 })
    expect(cut.finish).toBe('length')
    const broken = { constraint: CONSTRAINT, resumeTokenIds: [1, 2, 3] }
    if (!(await cannotGoOn(broken))) {
      const breaks = { kind: 'config', code: 'RESUME_BREAKS_CONSTRAINT' }
      await expect(harness.answer(broken)).rejects.toMatchObject(breaks)
    }
    expect(harness.engine.load()).toEqual({ active: 0, queued: 0 })
    expect((await harness.answer()).ids.length).toBeGreaterThan(0)
  })

  it('calls a function that it was given, with arguments that fit', async () => {
    const tools = [{ name: 'tell', parameters: SCHEMA }]
    const constraint = { kind: 'tool_calls', tools, mode: 'required', parallel: false } as const
    if (await harness.cannot('tools', { constraint })) return
    const { ids, finish } = await harness.answer({ constraint, temperature: 1, maxTokens: 200 })
    expect(finish).toBe('stop')
    const { text, toolCalls } = parseToolCalls(textOf(ids))
    expect(text).toBe('')
    expect(toolCalls).toHaveLength(1)
    expect(toolCalls[0]?.name).toBe('tell')
    expect(Object.keys(JSON.parse(toolCalls[0]?.arguments ?? ''))).toEqual([
      'word',
      'count',
      'isSo',
    ])
    const auto = { ...constraint, mode: 'auto' } as const
    const plain = await harness.answer({ maxTokens: 12 })
    expect((await harness.answer({ constraint: auto, maxTokens: 12 })).finish).toBe(plain.finish)
  })

  it('refuses a constraint that it cannot keep, and stop strings beside one', async () => {
    const constraint = { kind: 'json_schema', schema: '{"type":"string","pattern":"a"}' } as const
    const unsupported = { code: 'SCHEMA_UNSUPPORTED', data: { keyword: 'pattern' } }
    await expect(harness.answer({ constraint })).rejects.toMatchObject(unsupported)
    const stopped = harness.answer({ constraint: CONSTRAINT, stop: ['}'] })
    await expect(stopped).rejects.toMatchObject({ code: 'STOP_WITH_CONSTRAINT' })
  })
}
