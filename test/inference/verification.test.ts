/** Engine.verify on every engine that decodes itself, and the rule of agreement by itself. */
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { CONTEXT_TOKENS_MAX } from '#inference/constants.ts'
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
  const tokens = Array.from({ length: 20 }, (_, id) => ({ id, logprob: -id / 10 }))

  it('forgives other hardware a rare id and small gaps, its own none', () => {
    const replayed = tokens.map(({ id, logprob }) => ({
      id: id === 7 ? 8 : id,
      logprob: logprob - 0.005,
    }))
    expect(agreementOf(tokens, replayed, true).verdict).toBe('different')
    expect(agreementOf(tokens, replayed, false)).toMatchObject({
      verdict: 'close',
      sameIds: 19,
      firstDifference: 0,
    })
  })

  it('compares an answer as long as any context', () => {
    const long = Array.from({ length: CONTEXT_TOKENS_MAX }, (_, id) => ({ id, logprob: -id / 10 }))
    const nudged = long.map(({ id, logprob }) => ({ id, logprob: logprob - 0.005 }))
    const found = agreementOf(long, nudged, false)
    expect(found).toMatchObject({ verdict: 'close', tokens: CONTEXT_TOKENS_MAX })
    expect(found.gapMax).toBeCloseTo(0.005)
  })

  it('forgives nobody many other ids, a wide gap, or a log probability that is none', () => {
    const ids = tokens.map(({ id, logprob }) => ({ id: id % 5 === 0 ? id + 1 : id, logprob }))
    expect(agreementOf(tokens, ids, false).verdict).toBe('different')
    const wide = tokens.map(({ id, logprob }) => ({ id, logprob: id === 3 ? -9 : logprob }))
    expect(agreementOf(tokens, wide, false).verdict).toBe('different')
    const none = tokens.map((token, at) => (at === 2 ? { ...token, logprob: Number.NaN } : token))
    expect(agreementOf(none, tokens, false).verdict).toBe('different')
    expect(agreementOf(tokens, tokens.slice(1), false).verdict).toBe('different')
  })
})
