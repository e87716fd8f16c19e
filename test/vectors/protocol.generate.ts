/** Writes protocol.json beside itself: `npx node test/vectors/protocol.generate.ts`. */
import { readFileSync, writeFileSync } from 'node:fs'
import {
  buildProtocolVectors,
  makeExchanges,
  type ProtocolVectors,
} from '../support/protocol-vectors.ts'

const file = new URL('./protocol.json', import.meta.url)

function keptExchanges(): ProtocolVectors['seal']['exchanges'] | undefined {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as ProtocolVectors).seal.exchanges
  } catch {
    return undefined
  }
}

const vectors = await buildProtocolVectors(keptExchanges() ?? (await makeExchanges()))
writeFileSync(file, `${JSON.stringify(vectors, undefined, 1)}\n`)
