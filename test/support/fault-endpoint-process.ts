/** The endpoint of a chain as a process: forwards to the ledger, which lives on when this is killed. */
import { createServer } from 'node:http'

const [target = '', port = '0'] = process.argv.slice(2)

createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const answer = await fetch(target, { method: 'POST', body })
  response.writeHead(answer.status, { 'content-type': 'application/json' })
  response.end(Buffer.from(await answer.arrayBuffer()))
}).listen(Number(port), '127.0.0.1', () => process.send?.({ id: 0 }))
process.on('disconnect', () => process.exit(0))
