// Verify a receipt offline, with nothing but the file and a saved chain:
// node examples/verify-receipt.ts FILE.cocoon-receipt SNAPSHOT.json
import { readFile } from 'node:fs/promises'
import { verifyReceipt } from 'cocoon-node'

const [receipt, snapshot] = process.argv.slice(2)
if (receipt === undefined || snapshot === undefined)
  throw new Error('name a receipt and a snapshot')
const verdict = await verifyReceipt(receipt, { snapshot: await readFile(snapshot, 'utf8') })
for (const { status, name, found } of verdict.steps) console.log(`${status} ${name} ${found}`)
console.log(verdict.ok ? `${verdict.level}, tier ${verdict.tier}` : 'REFUSED')
process.exitCode = verdict.ok ? 0 : 5
