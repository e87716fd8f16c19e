/**
 * `node chain-load-process.ts TRANSACTIONS SEED`: an embedded chain under load in a process of its own, so that its
 * memory can be read. Prints one JSON line: a sample of RSS for each 10,000 transactions, and their speed.
 */
import { ChainLoad } from './chain-load.ts'

const SAMPLE_TRANSACTIONS = 10_000

const [transactionsText = '10000', seedText = '1'] = process.argv.slice(2)
const transactionsMax = Number(transactionsText)
const load = await ChainLoad.create(Number(seedText))
const samples: { transactions: number; rssBytes: number; perSecond: number }[] = []
let transactions = 0
let sampledAt = 0
let sampledMs = performance.now()
while (transactions < transactionsMax) {
  transactions += await load.round()
  if (transactions - sampledAt < SAMPLE_TRANSACTIONS && transactions < transactionsMax) continue
  const nowMs = performance.now()
  const perSecond = ((transactions - sampledAt) * 1000) / (nowMs - sampledMs)
  samples.push({ transactions, rssBytes: process.memoryUsage.rss(), perSecond })
  if (process.env['bench_progress']) process.stderr.write(`${JSON.stringify(samples.at(-1))}\n`)
  sampledAt = transactions
  sampledMs = performance.now()
}
process.stdout.write(`${JSON.stringify({ samples, sizes: load.ledger.sizes() })}\n`)
