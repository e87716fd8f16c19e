// The smallest thing that works: one question over HTTP, no library at all.
// Run `cocoon testnet` (or `cocoon client`) first, then: node examples/chat-fetch.ts
const baseUrl = process.env['OPENAI_BASE_URL'] ?? 'http://127.0.0.1:11435/v1'

const response = await fetch(`${baseUrl}/chat/completions`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    model: 'cocoon-demo',
    messages: [{ role: 'user', content: 'What is Cocoon?' }],
  }),
})
if (!response.ok) throw new Error(await response.text())

const body = (await response.json()) as { choices: [{ message: { content: string } }] }
console.log(body.choices[0].message.content)
console.log(`tier ${response.headers.get('x-cocoon-tier')}`)
console.log(`price ${response.headers.get('x-cocoon-price-nano')} nanoTON`)
