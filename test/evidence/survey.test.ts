/** The survey of a machine's TEE: what is there, what is missing, what to do about it. */
import { describe, expect, it } from 'vitest'
import { surveyTee } from '#node/evidence/survey.ts'
import { type SurveySystem, thisSystem } from '#node/evidence/survey-system.ts'
import type { ToolResult } from '#node/evidence/tool.ts'

const CONFIG = 'CONFIG_TSM_REPORTS=m\nCONFIG_TDX_GUEST_DRIVER=m\n'
const tools: Readonly<Record<string, ToolResult>> = {
  'nvidia-smi conf-compute -f': { kind: 'done', output: 'CC status: ON\n' },
  'nvidia-smi conf-compute -d': { kind: 'done', output: 'DevTools Mode: OFF\n' },
  'nvattest version': { kind: 'done', output: '{"nvattest": "1.2"}' },
}

function tdxGuest(changes: Partial<SurveySystem> & { paths?: readonly string[] } = {}) {
  const paths = changes.paths ?? [
    '/dev/tdx_guest',
    '/sys/kernel/config/tsm/report',
    '/sys/firmware/acpi/tables/data/CCEL',
  ]
  return {
    exists: (path: string) => paths.includes(path),
    kernelRelease: () => '6.8.0-45-generic',
    kernelConfig: () => CONFIG,
    run: async (program: string, args: readonly string[]): Promise<ToolResult> =>
      tools[[program, ...args].join(' ')] ?? { kind: 'missing' },
    answers: async () => true,
    ...changes,
  } satisfies SurveySystem
}

async function lineOf(name: string, system: SurveySystem, probe?: () => Promise<void>) {
  const lines = await surveyTee(system, probe)
  return lines.find((line) => line.name === name)
}

describe('surveyTee', () => {
  it('passes a complete TDX guest with GPU in every line', async () => {
    const lines = await surveyTee(tdxGuest(), async () => undefined)
    expect(lines.filter((line) => line.status !== 'pass')).toEqual([])
    expect(lines.map((line) => line.name)).toEqual([
      'tee-device',
      'configfs-tsm',
      'kernel-version',
      'kernel-config',
      'dstack',
      'event-log',
      'gpu-cc-mode',
      'gpu-devtools',
      'nvattest',
      'quote-service',
    ])
  })

  it('warns, and does not fail, on a machine without a TEE', async () => {
    const lines = await surveyTee(
      tdxGuest({ paths: [], run: async () => ({ kind: 'missing' }), kernelConfig: () => '' }),
    )
    expect(lines.some((line) => line.status === 'fail')).toBe(false)
    expect(lines[0]).toMatchObject({ name: 'tee-device', status: 'warn' })
  })

  it.each([
    ['configfs-tsm', tdxGuest({ paths: ['/dev/tdx_guest'] })],
    ['kernel-version', tdxGuest({ kernelRelease: () => '6.6.12' })],
    ['kernel-config', tdxGuest({ kernelConfig: () => '# CONFIG_TSM_REPORTS is not set\n' })],
    ['dstack', tdxGuest({ paths: ['/var/run/dstack.sock'], answers: async () => false })],
    ['gpu-cc-mode', tdxGuest({ run: async () => ({ kind: 'done', output: 'CC status: OFF' }) })],
    ['gpu-cc-mode', tdxGuest({ run: async () => ({ kind: 'failed', reason: 'exit 9' }) })],
    [
      'gpu-devtools',
      tdxGuest({ run: async () => ({ kind: 'done', output: 'DevTools Mode: ON' }) }),
    ],
    ['nvattest', tdxGuest({ run: async () => ({ kind: 'failed', reason: 'exit 1' }) })],
  ])('fails %s in a guest that lacks it, with a remedy', async (name, system) => {
    const line = await lineOf(name, system)
    expect(line?.status).toBe('fail')
    expect(line?.remedy).not.toBe('')
  })

  it('says why the host gave no quote', async () => {
    const probe = async () => {
      throw new Error('ETIMEDOUT')
    }
    expect(await lineOf('quote-service', tdxGuest(), probe)).toMatchObject({
      status: 'fail',
      detail: 'ETIMEDOUT',
    })
    expect((await lineOf('quote-service', tdxGuest()))?.status).toBe('warn')
  })

  it('looks at this very machine without throwing', async () => {
    const lines = await surveyTee(thisSystem)
    expect(lines.length).toBeGreaterThan(6)
    for (const line of lines) expect(line.status === 'pass' || line.remedy !== '').toBe(true)
  })
})
