/** `npm run week [seed]`: the simulated week in full, with what it did and what the audit says. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { simulateWeek } from './week.ts'

const seed = Number(process.argv[2] ?? 1)
const folder = mkdtempSync(
  path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'cocoon-week-'),
)
const startMs = performance.now()
try {
  const options = { seed, clients: 50, providers: 20, hours: 7 * 24, folder }
  const { report, counts } = await simulateWeek(options)
  const { channels, isExplained, unexplainedNano, deposit, account, usedNano } = report
  const discrepancies = channels.flatMap((one) => one.discrepancies)
  const seconds = Math.round((performance.now() - startMs) / 1000)
  const document = {
    ...{ simulated: 'engine, network, disks, clock and faults of the chain', seed, seconds },
    ...{ counts, channelsAudited: channels.length, usedNano, deposit, account, discrepancies },
    ...{ unexplainedNano, isExplained },
  }
  const text = JSON.stringify(
    document,
    (_, value) => (typeof value === 'bigint' ? `${value}` : value),
    2,
  )
  console.log(text)
  process.exitCode = isExplained ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
