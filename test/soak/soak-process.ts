/** `npm run soak [-- --minutes N | --hours N]`: traffic and churn, a line every 10 s, slopes at the end. */
import { arch, cpus, platform, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import type { Sample } from './measure.ts'
import { soak } from './soak.ts'

const MINUTES_DEFAULT = 20

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, hours: { type: 'string' } },
})
const minutes = Number(values.minutes ?? Number(values.hours ?? Number.NaN) * 60)
const durationMs = (Number.isNaN(minutes) ? MINUTES_DEFAULT : minutes) * 60_000
if (!(durationMs > 0)) {
  process.stderr.write('soak: --minutes and --hours are numbers above 0\n')
  process.exit(2)
}

const [cpu] = cpus()
const memoryGiB = (totalmem() / 1_073_741_824).toFixed(0)
process.stdout.write(
  `soak: ${durationMs / 60_000} minutes; ${cpus().length} x ${cpu?.model.trim()}, ${memoryGiB} GiB, ${platform()}-${arch()}, Node ${process.versions.node}\n`,
)

const report = await soak({
  durationMs,
  sampleEveryMs: Math.min(10_000, durationMs / 20),
  answersMin: 1,
  providers: 4,
  clients: 8,
  onSample: (sample) => process.stdout.write(`${lineOf(sample)}\n`),
})

const { slopes, samples, refusals } = report
const loop = samples.map(({ loopDelayP99Ms }) => loopDelayP99Ms).sort((a, b) => a - b)
const last = samples.at(-1)
process.stdout.write(
  `${[
    `answers ${report.answers}, abandoned ${report.abandoned}, provider deaths ${report.providerDeaths}, chain falls ${report.chainFalls}`,
    `refusals ${JSON.stringify(refusals)}`,
    `RSS ${last?.rssMiB.toFixed(0)} MiB, slope ${slopes.rssMiBPerHour.toFixed(1)} MiB/h`,
    `heap after collection ${last?.heapMiB.toFixed(1)} MiB, slope ${slopes.heapMiBPerHour.toFixed(1)} MiB/h, ${slopes.heapKiBPerAnswer.toFixed(3)} KiB/answer`,
    `handles ${last?.handles}, slope ${slopes.handlesPerHour.toFixed(1)}/h`,
    `event-loop delay p99: median ${loop[Math.floor(loop.length / 2)]?.toFixed(1)} ms, worst ${loop.at(-1)?.toFixed(1)} ms`,
    `claimed beyond what was used ${report.overpaidNano} nanoTON; coins made or lost ${report.conservedNano}`,
  ].join('\n')}\n`,
)
process.exit(report.conservedNano === 0n ? 0 : 1)

function lineOf(sample: Sample): string {
  const { atMs, answers, rssMiB, heapMiB, handles, loopDelayP99Ms, openStreams } = sample
  return `${(atMs / 1_000).toFixed(0).padStart(6)} s  ${answers} answers  rss ${rssMiB.toFixed(0)} MiB  heap ${heapMiB.toFixed(1)} MiB  handles ${handles}  loop p99 ${loopDelayP99Ms.toFixed(1)} ms  open ${openStreams.join('/')}`
}
