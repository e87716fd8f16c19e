/** `cocoon bench engine --self-check` as its reader sees it; on the cpu, as no GPU is here. */
import { describe, expect, it } from 'vitest'
import { modelsFor, type SelfCheckDocument } from '#node/bench/engine/self-check-models.ts'
import { tellSelfCheck } from '#node/cli/commands/bench-engine.ts'
import { buildProgram } from '#node/cli/program.ts'
import { testContext } from '../support/cli-context.ts'

function run(...args: string[]) {
  const caught = testContext()
  const command = ['bench', 'engine', ...args]
  return { ...caught, done: buildProgram(caught.context).parseAsync(command, { from: 'user' }) }
}

const CHECKS = [
  'log probabilities beside the cpu',
  'greedy tokens beside the cpu',
  'answers side by side beside alone',
  'memory',
]

describe('the self-check of a device', () => {
  it('checks the cpu beside itself, to the last bit, and says that this proves no GPU', async () => {
    const quick = run('--self-check', '--quick', '--device', 'cpu', '--json')
    await quick.done
    const document = JSON.parse(quick.stdout()) as SelfCheckDocument
    expect(document).toMatchObject({
      ...{ bench: 'engine-self-check', ok: true, effort: 'quick', device: 'cpu', seed: 1 },
      engine: expect.stringContaining('(native, cpu)'),
      machine: { cores: expect.any(Number) },
      versions: { onnxruntime: expect.any(String) },
    })
    const judged = document.rows.filter(({ ok }) => ok !== null).map(({ check }) => check)
    const asked = ['small fp32', 'small q4'].flatMap((name) =>
      CHECKS.map((check) => `${name}: ${check}`),
    )
    expect(asked).toEqual(expect.arrayContaining(judged))
    const found = new Map(document.rows.map(({ check, found }) => [check, found]))
    expect(found.get('small q4: log probabilities beside the cpu')).toBe(
      'at most 0 nat in 12 tokens',
    )
    expect(found.get('small fp32: answers side by side beside alone')).toContain(
      '12 to the last bit',
    )
    for (const { found } of document.rows) expect(found).not.toMatch(/e\+|NaN|Infinity/)
    expect(quick.exitCodes).toEqual([])
    expect(quick.stderr()).toContain('small fp32: answers of the cpu')
  })

  it('says why a named device does not answer', async () => {
    const cuda = run('--self-check', '--quick', '--device', 'cuda')
    await expect(cuda.done).rejects.toMatchObject({ code: 'DEVICE_UNAVAILABLE' })
    expect(cuda.stderr()).toMatch(/^cuda: .*libonnxruntime_providers_cuda/)
  })

  it('ends at Ctrl-C, with nothing said about the device', async () => {
    const stopped = run('--self-check', '--device', 'cpu')
    await stopped.stderr.until('small fp32: answers of the cpu')
    stopped.press()
    await expect(stopped.done).rejects.toMatchObject({ name: 'AbortError' })
    expect(stopped.stdout()).toBe('')
  })

  it('uses models on CUDA that calculate in float16, as it wants them', () => {
    const kinds = (device: 'cuda' | 'webgpu') =>
      modelsFor(device, true).map(({ quantisation }) => quantisation)
    expect(kinds('cuda')).toEqual(['fp16', 'q4f16', 'q4f16'])
    expect(kinds('webgpu')).toEqual(['fp32', 'q4', 'q4'])
  })

  it('takes no flag that would do nothing', async () => {
    for (const flags of [['--device', 'webgpu'], ['--full']]) {
      await expect(run(...flags).done).rejects.toThrow(/is of --self-check/)
    }
  })
})

describe('what is said of a device', () => {
  const row = (check: string, ok: boolean | null) => ({ check, found: 'a gap', limit: 'none', ok })
  const document: SelfCheckDocument = {
    ...{ bench: 'engine-self-check', ok: true, effort: 'whole', seed: 1, device: 'webgpu' },
    machine: { cpu: 'a cpu', cores: 2, memoryBytes: 1 },
    ...{ versions: { cocoon: '0.0.0' }, engine: 'onnxruntime (portable, webgpu)', reason: '' },
    adapters: [{ name: 'A GPU', kind: 'discrete' }],
    rows: [row('bits', true), row('speed', null)],
  }
  const told = (changes: Partial<SelfCheckDocument>) => {
    const { context, stdout, exitCodes } = testContext()
    tellSelfCheck({ ...document, ...changes }, false, context)
    return { text: stdout(), exitCodes }
  }

  it('ends with 1 and says what to do where it computes wrong', () => {
    const { text, exitCodes } = told({ ok: false, rows: [...document.rows, row('ids', false)] })
    expect(exitCodes).toEqual([1])
    expect(text).toMatch(/^ids +WRONG +a gap +none$/m)
    expect(text).toContain('WRONG: 1 of 2 checks. Do not sell on this device')
  })

  it('names the adapter, and calls a program no GPU', () => {
    const right = told({})
    expect(right.exitCodes).toEqual([])
    expect(right.text).toContain('(portable, webgpu) on A GPU (discrete)')
    expect(right.text).toContain('1 of 1 checks right: this device computes what the cpu computes.')
    const adapters = [{ name: 'SwiftShader', kind: 'software' }]
    expect(told({ adapters }).text).toContain('imitates a GPU. No GPU was checked.')
    expect(told({ device: 'cpu' }).text).toContain('No GPU was checked.')
  })
})
