/** Prompts that no provider is asked for: refused by name at the client, where nothing has been paid yet. */
import { expect, it } from 'vitest'
import { systemClock } from '#node/clock.ts'
import { beginAnswer, type ProgressComponents } from '#node/roles/client/answer-progress.ts'
import { ClientModels } from '#node/roles/client/models.ts'
import type { ChatRequest } from '#node/roles/client-service.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { simulatedModelFiles } from '../support/simulated-engine.ts'

const CONTEXT_TOKENS = 64
const MODEL = { id: 'simulated', root: '00'.repeat(32) }
const files = simulatedModelFiles(CONTEXT_TOKENS)
const models = new ClientModels({ models: [MODEL] } as unknown as NetworkFile, crypto, {
  get: async () => files,
} as unknown as ConstructorParameters<typeof ClientModels>[2])
const parts = { crypto, clock: systemClock, models } as unknown as ProgressComponents

function begin(content: string, changes: Partial<ChatRequest> = {}) {
  const messages = [{ role: 'user' as const, content }]
  const sampling = { temperature: 0, topP: 1, seed: 0n, stop: [] }
  return beginAnswer(parts, { model: 'simulated', messages, maxTokens: 8, ...sampling, ...changes })
}

it('reads a prompt that leaves room for an answer, and none beyond it', async () => {
  const { promptTokens } = await begin('x')
  const room = CONTEXT_TOKENS - 1 - promptTokens
  expect((await begin('x'.repeat(1 + room))).promptTokens).toBe(CONTEXT_TOKENS - 1)
  await expect(begin('x'.repeat(2 + room))).rejects.toMatchObject({
    ...{ kind: 'config', code: 'PROMPT_TOO_LONG' },
    data: { promptTokens: CONTEXT_TOKENS, contextTokens: CONTEXT_TOKENS },
  })
})

it.each([
  ['half of a character', '\ud800', {}, 'ASK_INVALID'],
  ['more text than a request may hold', 'x'.repeat(300_000), {}, 'ASK_INVALID'],
  ['no messages', '', { messages: [] }, 'ASK_INVALID'],
  ['an absurd temperature', 'x', { temperature: Number.NaN }, 'ASK_INVALID'],
  ['an absurd length', 'x', { maxTokens: 2 ** 40 }, 'ASK_INVALID'],
  ['a seed of more than 64 bits', 'x', { seed: 1n << 64n }, 'ASK_INVALID'],
  ['an unknown model', 'x', { model: 'another' }, 'MODEL_UNKNOWN'],
] as const)('%s is refused by name', async (_, content, changes, code) => {
  await expect(begin(content, changes)).rejects.toMatchObject({ kind: 'config', code })
})
