// Your own tests against a real network, in process: node --test examples/testnet.test.ts
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestnet, type Testnet } from 'cocoon-node'

let testnet: Testnet
before(async () => {
  testnet = await startTestnet({ seed: 'my-tests' })
})
after(() => testnet.stop())

test('my program gets an answer and a receipt', async () => {
  await using cocoon = await testnet.connect()
  const answer = await cocoon.ask('What is Cocoon?')
  assert.match(answer.text, /Cocoon/)
  assert.equal(answer.verdict.tier, 'simulated')
  assert.equal(cocoon.receipts().length, 1)
})
