// What a provider must prove, and what an answer may cost, is yours to say. A refusal names each
// provider's reason; nothing was sent to anybody then.
import { CocoonError, connect } from 'cocoon-node'

await using cocoon = await connect({ maxPriceNano: 1_000_000n })
try {
  await cocoon.ask('What is Cocoon?', { tierMin: 'confidential' })
} catch (error) {
  if (!(error instanceof CocoonError)) throw error
  console.log(`${error.code}: ${error.remedy}`)
  for (const [provider, reason] of Object.entries(error.data)) console.log(`${provider}: ${reason}`)
}
const answer = await cocoon.ask('What is Cocoon?', { tierMin: 'simulated' })
for (const step of answer.verdict.steps) console.log(`${step.status.padEnd(12)} ${step.name}`)
