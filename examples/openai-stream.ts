// OpenAI's own SDK, streaming: only the base URL is ours.
import OpenAI from 'openai'

const client = new OpenAI({
  baseURL: process.env['OPENAI_BASE_URL'] ?? 'http://127.0.0.1:11435/v1',
  apiKey: process.env['OPENAI_API_KEY'] ?? 'none-needed-on-loopback',
})
const stream = await client.chat.completions.create({
  model: 'cocoon-demo',
  messages: [{ role: 'user', content: 'Who can read my prompt?' }],
  stream: true,
  stream_options: { include_usage: true },
})
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? '')
  if (chunk.usage) console.log(`\n${chunk.usage.completion_tokens} tokens`)
}
