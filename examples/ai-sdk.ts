// The `ai` SDK through its provider for OpenAI-compatible servers.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { streamText } from 'ai'

const cocoon = createOpenAICompatible({
  name: 'cocoon',
  baseURL: process.env['OPENAI_BASE_URL'] ?? 'http://127.0.0.1:11435/v1',
  includeUsage: true,
})
const answer = streamText({
  model: cocoon('cocoon-demo'),
  prompt: 'What is a receipt?',
  onError: ({ error }) => {
    throw error
  },
})
for await (const text of answer.textStream) process.stdout.write(text)
console.log(`\n${(await answer.usage).outputTokens} tokens`)
