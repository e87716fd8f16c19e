/** Engine.verify on every engine that decodes itself, and the rule of agreement by itself. */
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { CONTEXT_TOKENS_MAX } from '#inference/constants.ts'
import type { TopLogprob } from '#inference/engine.ts'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { readTokenizerFiles } from '#inference/model/read-model.ts'
import { createOnnxEngine } from '#inference/onnx/onnx-engine.ts'
import { agreementOf } from '#inference/verification/agreement.ts'
import { testVerification } from '../contracts/verification.ts'
import { createSimulatedEngine } from '../support/simulated-engine.ts'

const DEMO = path.join(import.meta.dirname, '../../models/demo')
const clock = { nowMs: () => 0 }

testVerification('simulated', async () => {
  const engine = createSimulatedEngine()
  return { engine, tokenizer: engine.tokenizer }
})

for (const [backend, kvCache] of [
  ['native', 'graph'],
  ['portable', 'graph'],
  ['native', 'int8'],
] as const) {
  testVerification(
    `onnxruntime, ${backend}, cache ${kvCache}`,
    async () => ({
      engine: await createOnnxEngine({ folder: DEMO, modelId: 'demo', backend, kvCache, clock }),
      tokenizer: loadChatTokenizer(await readTokenizerFiles(DEMO)),
    }),
    // Nothing it was trained on, so that every token is a choice.
    'qzx vbn wrt plk',
  )
}

describe('agreement', () => {
  const tokens = Array.from({ length: 20 }, (_, id) => ({ id, logprob: -id / 10, top: [] }))

  it('forgives other hardware a rare id and small gaps, its own none', () => {
    const replayed = tokens.map(({ id, logprob }) => ({
      id: id === 7 ? 8 : id,
      logprob: logprob - 0.005,
      top: [],
    }))
    expect(agreementOf(tokens, replayed, true).verdict).toBe('different')
    expect(agreementOf(tokens, replayed, false)).toMatchObject({
      verdict: 'close',
      sameIds: 19,
      firstDifference: 0,
    })
  })

  it('compares an answer as long as any context', () => {
    const long = Array.from({ length: CONTEXT_TOKENS_MAX }, (_, id) => ({
      id,
      logprob: -id / 10,
      top: [],
    }))
    const nudged = long.map(({ id, logprob }) => ({ id, logprob: logprob - 0.005, top: [] }))
    const found = agreementOf(long, nudged, false)
    expect(found).toMatchObject({ verdict: 'close', tokens: CONTEXT_TOKENS_MAX })
    expect(found.gapMax).toBeCloseTo(0.005)
  })

  it('forgives nobody many other ids, a wide gap, or a log probability that is none', () => {
    const ids = tokens.map(({ id, logprob }) => ({
      id: id % 5 === 0 ? id + 1 : id,
      logprob,
      top: [],
    }))
    expect(agreementOf(tokens, ids, false).verdict).toBe('different')
    const wide = tokens.map(({ id, logprob }) => ({
      id,
      logprob: id === 3 ? -9 : logprob,
      top: [],
    }))
    expect(agreementOf(tokens, wide, false).verdict).toBe('different')
    const none = tokens.map((token, at) => (at === 2 ? { ...token, logprob: Number.NaN } : token))
    expect(agreementOf(none, tokens, false).verdict).toBe('different')
    expect(agreementOf(tokens, tokens.slice(1), false).verdict).toBe('different')
  })

  it('compares the most likely ids one by one, and lets the last ones change places', () => {
    const top = [5, 6, 7].map((id) => ({ id, logprob: -id }))
    const withTop = (list: readonly TopLogprob[]) =>
      tokens.map((token, at) => (at === 4 ? { ...token, top: list } : token))
    const judge = (list: readonly TopLogprob[], isSameSchedule = false) =>
      agreementOf(withTop(list), withTop([...top, { id: 8, logprob: -7.1 }]), isSameSchedule)

    expect(judge(top, true)).toMatchObject({ verdict: 'exact', comparedLogprobs: 23 })
    const swapped = [...top.slice(0, 2), { id: 8, logprob: -7.05 }]
    expect(judge(swapped)).toMatchObject({ verdict: 'close', firstDifference: 4 })
    expect(judge(swapped, true).verdict).toBe('different')
    const lies = [
      top.toSpliced(1, 1, { id: 99, logprob: -6 }),
      top.map(({ id }) => ({ id, logprob: -6 })),
      [...top, ...top],
      top.map(() => top[0] as TopLogprob),
    ]
    for (const lie of lies) expect(judge(lie).verdict, JSON.stringify(lie)).toBe('different')
  })
})
