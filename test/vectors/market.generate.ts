/** Writes market.json beside itself: `npx node test/vectors/market.generate.ts`. */
import { writeFileSync } from 'node:fs'
import { buildMarketVectors } from '../support/market-vectors.ts'

const file = new URL('./market.json', import.meta.url)
writeFileSync(file, `${JSON.stringify(buildMarketVectors(), undefined, 1)}\n`)
