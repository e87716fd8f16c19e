import { expect, test } from 'vitest'
import { slope } from './measure.ts'
import { soak } from './soak.ts'

/** Sixty answers: too few for times, enough for what grows with every answer or death. */
test('the short form of the soak: nothing grows', async () => {
  const report = await soak({
    durationMs: 8_000,
    answersMin: 60,
    sampleEveryMs: 500,
    providers: 2,
    clients: 2,
    onSample: () => undefined,
  })
  expect(report.answers).toBeGreaterThanOrEqual(60)
  expect(report.abandoned).toBeGreaterThan(1)
  expect(report.providerDeaths).toBeGreaterThan(1)
  expect(report.chainFalls).toBeGreaterThan(1)
  expect(report.conservedNano).toBe(0n)
  // Of a process that is still warming up, with peers that die in it: forgotten.test.ts is exact.
  console.log(`heap: ${report.slopes.heapKiBPerAnswer.toFixed(1)} KiB an answer`)
  expect(report.slopes.heapKiBPerAnswer).toBeLessThan(128)
  const steady = report.samples.slice(Math.floor(report.samples.length / 4))
  const handlesPerSample = slope(
    steady.map(({ handles }, at) => ({ handles, at })),
    ({ at }) => at,
    ({ handles }) => handles,
  )
  expect(handlesPerSample).toBeLessThan(2)
  // One session a client and provider at most, and the one that a death is just replacing.
  const most = Math.max(...report.samples.flatMap(({ openStreams }) => openStreams))
  expect(most).toBeLessThanOrEqual(4)
}, 480_000)

test('a slope is a slope', () => {
  const rows = [0, 1, 2, 3].map((x) => ({ x, y: 5 + 3 * x }))
  const of = slope(
    rows,
    ({ x }) => x,
    ({ y }) => y,
  )
  expect(of).toBeCloseTo(3)
  expect(
    slope(
      [{ x: 1 }, { x: 1 }],
      ({ x }) => x,
      () => 9,
    ),
  ).toBe(0)
})
