/** Entry of the chain's process: `node chain-process.ts CONFIG_FILE`, started by the testnet. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { sleep } from '#node/async.ts'
import { systemClock } from '#node/clock.ts'
import { startDevchain } from '#settlement/devchain/server.ts'
import { runChild } from './child-main.ts'

const configSchema = z.strictObject({ globalId: z.int(), port: z.int().min(0).max(65_535) })

runChild(async () => {
  const config = configSchema.parse(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')))
  const chain = await startDevchain({ ...config, clock: systemClock, sleep })
  return { ready: { kind: 'chain-ready', url: chain.url }, stop: () => chain.stop() }
})
