// Batch work goes to auction: providers bid on its shape, the winner gets the lines, sealed.
const api = (process.env['OPENAI_BASE_URL'] ?? 'http://127.0.0.1:11435/v1').replace(/\/v1$/, '')

interface Job {
  readonly id: string
  readonly status: 'bidding' | 'running' | 'done' | 'failed'
  readonly bids: readonly { readonly priceNano: string }[]
  readonly error: string | null
}

async function call<T>(path: string, body?: object): Promise<T> {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' } }
  const init = body === undefined ? {} : { ...post, body: JSON.stringify(body) }
  const response = await fetch(`${api}/api/v1/jobs${path}`, init)
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as T
}

const questions = ['What is Cocoon?', 'What is a receipt?', 'Who can read my prompt?']
const lines = questions.map((prompt) => ({ prompt, max_tokens: 40 }))
let job = await call<Job>('', { model: 'cocoon-demo', lines })
while (job.status === 'bidding' || job.status === 'running') {
  await new Promise((resolve) => setTimeout(resolve, 200))
  job = await call<Job>(`/${job.id}`)
}
if (job.error !== null) throw new Error(job.error)
console.log(`${job.bids.length} bids, best ${job.bids[0]?.priceNano} nanoTON`)
for (const { text } of await call<{ text: string }[]>(`/${job.id}/results`)) console.log(text)
