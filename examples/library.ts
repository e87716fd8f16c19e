// The library: a light client inside this process. Joins the network that `cocoon client` would.
import { connect } from 'cocoon-node'

await using cocoon = await connect()
for await (const text of cocoon.stream('What is Cocoon?')) process.stdout.write(text)
const { verdict, priceNano, receipt } = await cocoon.ask('What is a receipt?')
console.log(`\ntier ${verdict.tier}, ${priceNano} nanoTON, receipt ${receipt.file}`)
