/** Whatever events a server sends, an answer ends in an error of the upstream, and no more comes out than was asked for. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OutputConstraint } from '#inference/engine.ts'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { UpstreamAnswer } from '#inference/upstream/answer.ts'
import type { Dialect } from '#inference/upstream/dialects/dialect.ts'
import { llamaCppDialect } from '#inference/upstream/dialects/llama-cpp.ts'
import { openaiDialect } from '#inference/upstream/dialects/openai.ts'
import { sglangDialect } from '#inference/upstream/dialects/sglang.ts'
import { vllmDialect } from '#inference/upstream/dialects/vllm.ts'
import { textToIds } from '#inference/upstream/text-ids.ts'
import { simulatedModelFiles } from '../support/simulated-engine.ts'

const files = simulatedModelFiles()
const tokenizer = loadChatTokenizer(files)
const createIds = textToIds(files)
const MAX_TOKENS = 5
const ERRORS = ['UPSTREAM_MALFORMED', 'UPSTREAM_DRIFT', 'UPSTREAM_ENDED']

/** What a field of that name may hold, nearly; anything else now and then. */
const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant('{"a": 1}'))
const id = fc.oneof(fc.nat(300), fc.integer(), fc.double(), fc.constant(257))
const ids = fc.oneof(fc.array(id, { maxLength: 8 }), fc.constant(null))
const number = fc.oneof(fc.nat(12), fc.double(), fc.integer())
const finish = fc.constantFrom(null, 'stop', 'length', 'abort', 7, 'eos', 'limit', 'none')
const logprobs = fc.record({
  tokens: fc.array(fc.constantFrom('token_id:65', 'a', 'token_id:99999999')),
  token_logprobs: fc.array(fc.oneof(number, fc.constant(null))),
  top_logprobs: fc.array(fc.dictionary(fc.constantFrom('token_id:1', '__proto__'), number)),
})
const model = fc.constantFrom('m', 'm', 'm', 'other', 3)
const usage = fc.oneof(
  fc.record({ prompt_tokens: number, completion_tokens: number }),
  fc.constant(null),
)
const or = <Part>(part: fc.Arbitrary<Part>) =>
  fc.oneof({ weight: 12, arbitrary: part }, fc.jsonValue())
const choices = fc.array(
  fc.record({
    ...{ index: fc.constantFrom(0, 0, 0, 1), text: or(text), token_ids: or(ids) },
    ...{
      finish_reason: finish,
      logprobs: fc.option(logprobs),
      delta: fc.record({ content: or(text) }),
    },
  }),
  { maxLength: 2 },
)
const EVENTS: readonly (readonly [Dialect, fc.Arbitrary<unknown>])[] = [
  [vllmDialect, or(fc.record({ model, choices: or(choices), usage }))],
  [openaiDialect, or(fc.record({ model, choices: or(choices), usage }))],
  [
    llamaCppDialect,
    or(
      fc.record({
        ...{ content: or(text), stop: fc.boolean(), stop_type: finish, model },
        ...{ tokens_evaluated: or(number), tokens_predicted: or(number) },
      }),
    ),
  ],
  [
    sglangDialect,
    or(
      fc.record({
        ...{ text: or(text), output_ids: or(ids) },
        meta_info: fc.record({
          ...{ prompt_tokens: fc.constant(2), completion_tokens: fc.nat(8) },
          finish_reason: fc.oneof(finish, fc.record({ type: finish })),
        }),
      }),
    ),
  ],
]
const CONSTRAINTS: readonly (OutputConstraint | undefined)[] = [undefined, { kind: 'json_object' }]

function run(dialect: Dialect, events: readonly unknown[], constraint?: OutputConstraint): void {
  const answer = new UpstreamAnswer(
    {
      ...{ dialect, model: 'm', promptTokens: 2, resumeTokenIds: [], stop: ['zz'] },
      ...{ maxTokens: MAX_TOKENS, constraint, topLogprobs: undefined },
    },
    { tokenizer, textToIds: createIds },
  )
  const read = dialect.reader()
  let tokens = 0
  let isOver = false
  const count = (event: { readonly kind: string }) => {
    expect(isOver).toBe(false)
    if (event.kind === 'token') tokens++
    isOver = event.kind === 'end'
  }
  try {
    for (const event of events) {
      for (const made of answer.take(read(event))) count(made)
      if (isOver) break
    }
    if (!isOver) for (const made of answer.finish()) count(made)
    expect(isOver).toBe(true)
  } catch (thrown) {
    const { code } = thrown as { code?: string }
    if (code === undefined) throw thrown
    expect(ERRORS).toContain(code)
  }
  expect(tokens).toBeLessThanOrEqual(MAX_TOKENS)
}

describe.each(EVENTS)('events of a server, %#', (dialect, event) => {
  it(`of the kind ${dialect.name} end in an error of the upstream or in an answer`, () => {
    const cases = fc.tuple(fc.array(event, { maxLength: 6 }), fc.constantFrom(...CONSTRAINTS))
    fc.assert(
      fc.property(cases, ([events, constraint]) => run(dialect, events, constraint)),
      { numRuns: 400, seed: 4 },
    )
  })
})
