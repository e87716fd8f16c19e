/** What Engine.verify must find, whatever decodes behind it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChatTokenizer, Engine, GenerateRequest } from '#inference/engine.ts'
import type { ClaimedToken } from '#inference/verification/agreement.ts'

export interface VerifiedEngine {
  readonly engine: Engine
  readonly tokenizer: ChatTokenizer
}

type Asked = Omit<GenerateRequest, 'signal' | 'resumeTokenIds' | 'maxTokens'>

const ANSWER_TOKENS = 12
const SEEDS_TRIED = 64n
const signal = new AbortController().signal

/** @param question one that the model is not too sure about */
export function testVerification(
  name: string,
  create: () => Promise<VerifiedEngine>,
  question = 'What?',
): void {
  describe(`verification contract: ${name}`, () => {
    let engine: Engine
    let asked: Asked
    let answer: readonly ClaimedToken[]

    beforeAll(async () => {
      const created = await create()
      engine = created.engine
      const { tokenizer } = created
      asked = {
        promptTokenIds: tokenizer.encodeChat([{ role: 'user', content: question }]),
        sampling: {
          temperature: 2,
          topP: 1,
          seed: 0n,
          presencePenalty: 0.5,
          logitBias: tokenizer.endTokenIds.map((id) => ({ id, bias: -100 })),
        },
        stop: [],
      }
      const greedy = { ...asked.sampling, temperature: 0 }
      const surest = await answerTo(engine, { ...asked, sampling: greedy })
      // A model that is sure of itself may say the same at many seeds.
      for (let seed = 0n; seed < SEEDS_TRIED; seed++) {
        asked = { ...asked, sampling: { ...asked.sampling, seed } }
        answer = await answerTo(engine, asked)
        if (answer.some(({ id }, at) => id !== surest[at]?.id)) break
      }
    })
    afterAll(() => engine?.[Symbol.asyncDispose]())

    const verify = (claimed: readonly ClaimedToken[], changes: Partial<Asked> = {}, resumed = 0) =>
      engine.verify({
        ...asked,
        ...changes,
        answer: claimed,
        schedule: { digest: engine.info.scheduleDigest, resumedTokens: resumed },
        signal,
      })

    it('finds an honest answer exact, alone and beside others', async () => {
      const alone = await verify(answer)
      expect(alone).toMatchObject({
        verdict: 'exact',
        tokens: ANSWER_TOKENS,
        sameIds: ANSWER_TOKENS,
        sameLogprobs: ANSWER_TOKENS,
        gapMax: 0,
        firstDifference: undefined,
      })
      const others = [answerTo(engine, asked), answerTo(engine, asked)]
      const [beside] = await Promise.all([verify(answer), ...others])
      expect(beside).toEqual(alone)
    })

    it('finds an answer that was resumed exact where it says so', async () => {
      const resumed = 5
      const rest = await answerTo(engine, asked, answer.slice(0, resumed))
      const whole = [...answer.slice(0, resumed), ...rest]
      expect(await verify(whole, {}, resumed)).toMatchObject({
        verdict: 'exact',
        tokens: ANSWER_TOKENS - resumed,
      })
    })

    it('tells where an id, a seed or a temperature is another one', async () => {
      const at = 4
      const other = answer.find(({ id }) => id !== answer[at]?.id)?.id ?? 0
      const changed = answer.map((token, index) => (index === at ? { ...token, id: other } : token))
      expect(await verify(changed)).toMatchObject({ verdict: 'different', firstDifference: at })
      const { seed } = asked.sampling
      const verdicts = await Promise.all(
        [1n, 2n, 3n, 4n].map(async (step) => {
          const sampling = { ...asked.sampling, seed: seed + step }
          return (await verify(answer, { sampling })).verdict
        }),
      )
      expect(verdicts).toContain('different')
      const greedy = { sampling: { ...asked.sampling, temperature: 0 } }
      expect((await verify(answer, greedy)).verdict).toBe('different')
    })

    it('wants the last bit of a log probability only of its own schedule', async () => {
      const nudged = answer.map((token, at) =>
        at === 3 ? { ...token, logprob: (token.logprob ?? 0) - 1e-9 } : token,
      )
      expect(await verify(nudged)).toMatchObject({ verdict: 'different', firstDifference: 3 })
      const elsewhere = await engine.verify({
        ...asked,
        answer: nudged,
        schedule: { digest: new Uint8Array(32), resumedTokens: 0 },
        signal,
      })
      expect(elsewhere).toMatchObject({ verdict: 'close', isSameSchedule: false })
      const lied = answer.map((token) => ({ ...token, logprob: (token.logprob ?? 0) - 1 }))
      const far = { digest: new Uint8Array(32), resumedTokens: 0 }
      const found = await engine.verify({ ...asked, answer: lied, schedule: far, signal })
      expect(found.verdict).toBe('different')
    })

    it('wants the same of the most likely ids, where the answer names them', async () => {
      const withTop = await answerTo(engine, asked, [], 3)
      const comparedLogprobs = 4 * ANSWER_TOKENS
      const exact = { verdict: 'exact', comparedLogprobs, sameLogprobs: comparedLogprobs }
      expect(await verify(withTop)).toMatchObject(exact)
      const changed = (by: number) =>
        withTop.map((token, at) => {
          const top = (token.top ?? []).map(({ id, logprob }) => ({ id, logprob: logprob - by }))
          return at === 2 ? { ...token, top } : token
        })
      expect(await verify(changed(1e-9))).toMatchObject({
        verdict: 'different',
        firstDifference: 2,
      })
      const schedule = { digest: new Uint8Array(32), resumedTokens: 0 }
      const elsewhere = (by: number) =>
        engine.verify({ ...asked, answer: changed(by), schedule, signal })
      expect((await elsewhere(1e-9)).verdict).toBe('close')
      expect((await elsewhere(1)).verdict).toBe('different')
    })

    it('refuses an answer that goes on after its end', async () => {
      const [first] = answer
      const stop = answer.length - 2
      const withEnd = answer.map((token, at) =>
        at === stop ? { id: asked.sampling.logitBias?.[0]?.id ?? 0 } : token,
      )
      const found = await verify(withEnd)
      expect(first).toBeDefined()
      expect(found.verdict).toBe('different')
      expect(found.replayed.length).toBeLessThan(answer.length)
    })

    it('checks ids alone when the answer came without log probabilities', async () => {
      const ids = answer.map(({ id }) => ({ id }))
      expect(await verify(ids)).toMatchObject({ verdict: 'exact', comparedLogprobs: 0 })
    })

    it('refuses what it cannot compare, and is cancelled like any request', async () => {
      await expect(verify(answer, {}, answer.length)).rejects.toMatchObject({
        code: 'VERIFY_NOTHING',
      })
      await expect(verify([{ id: 1e9 }])).rejects.toMatchObject({ code: 'TOKEN_OUT_OF_RANGE' })
      const schedule = { digest: engine.info.scheduleDigest, resumedTokens: 0 }
      const aborted = AbortSignal.abort()
      const refused = engine.verify({ ...asked, answer, schedule, signal: aborted })
      await expect(refused).rejects.toMatchObject({ name: 'AbortError' })
      expect(engine.load()).toEqual({ active: 0, queued: 0 })
    })
  })
}

async function answerTo(
  engine: Engine,
  asked: Asked,
  resumed: readonly ClaimedToken[] = [],
  topLogprobs = 0,
): Promise<readonly ClaimedToken[]> {
  const answer: ClaimedToken[] = []
  const request: GenerateRequest = {
    ...asked,
    resumeTokenIds: resumed.map(({ id }) => id),
    maxTokens: ANSWER_TOKENS - resumed.length,
    topLogprobs,
    signal,
  }
  for await (const event of engine.generate(request)) {
    if (event.kind === 'token') answer.push({ id: event.id, ...event.logprobs })
  }
  return answer
}
