// An answer in the form of a zod schema, through the official OpenAI client: decoding itself is held to it.
import OpenAI from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import { z } from 'zod'

const openai = new OpenAI({
  baseURL: process.env['OPENAI_BASE_URL'] ?? 'http://127.0.0.1:11435/v1',
  apiKey: process.env['OPENAI_API_KEY'] ?? 'unused',
})
const Verdict = z.object({
  about: z.enum(['money', 'privacy', 'models']),
  isGood: z.boolean(),
})
const { choices } = await openai.chat.completions.parse({
  model: 'cocoon-demo',
  messages: [{ role: 'user', content: 'What is a receipt?' }],
  response_format: zodResponseFormat(Verdict, 'verdict'),
})
const verdict = choices[0]?.message.parsed
console.log(`about ${verdict?.about}, good: ${verdict?.isGood}`)
