import { expect, it } from 'vitest'
import { testEngine } from '../contracts/engine.ts'
import { createSimulatedEngine } from '../support/simulated-engine.ts'

async function open() {
  const engine = createSimulatedEngine()
  const { tokenizer } = engine
  return { engine, tokenizer, keepsPrefixes: true, crash: () => engine.crash() }
}

testEngine('simulated', open)

it('answers a given text and says that it is simulated', async () => {
  await using engine = createSimulatedEngine({ answer: 'Hello wörld, 100 % simulated.' })
  const { tokenizer } = engine
  const text = tokenizer.textStream([])
  let answer = ''
  const events = engine.generate({
    promptTokenIds: tokenizer.encodeChat([{ role: 'user', content: 'Hi' }]),
    resumeTokenIds: [],
    maxTokens: 100,
    sampling: { temperature: 0, topP: 1, seed: 0n },
    stop: [],
    signal: new AbortController().signal,
  })
  for await (const event of events) if (event.kind === 'token') answer += text.push(event.id)
  expect(answer + text.end()).toBe('Hello wörld, 100 % simulated.')
  expect(engine.info.engine).toContain('simulated')
})
