// What would it cost? Asked before asking: nobody is paid, and no provider sees the question.
const baseUrl = process.env['OPENAI_BASE_URL'] ?? 'http://127.0.0.1:11435/v1'

const question = {
  model: 'cocoon-demo',
  messages: [{ role: 'user', content: 'What is Cocoon?' }],
  max_tokens: 60,
}
const post = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${baseUrl}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(question),
  })

const response = await post('estimate')
if (!response.ok) throw new Error(await response.text())
const estimate = (await response.json()) as { max_price_nano: string; expected_price_nano: string }
console.log(`at most ${estimate.max_price_nano}, likely ${estimate.expected_price_nano} nanoTON`)

// Never more than that, whatever happens to the offers meanwhile.
const answer = await post('chat/completions', {
  'x-cocoon-max-price-nano': estimate.max_price_nano,
})
console.log(`paid ${answer.headers.get('x-cocoon-price-nano')} nanoTON`)
