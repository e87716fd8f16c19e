/** `cocoon attest quote` against a real chain: what it saves is good, bound, and the same for anybody. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { verifyEvidenceFile } from '#node/cli/attest/verify.ts'
import { buildProgram } from '#node/cli/program.ts'
import { systemClock } from '#node/clock.ts'
import { startDevchain } from '#settlement/devchain/server.ts'
import { testContext } from '#test/support/cli-context.ts'
import { rejectionCode } from '#test/support/error-code.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

async function network(folder: string, seed: string | undefined) {
  const chain = await startDevchain({ port: 0, clock: systemClock })
  onTestFinished(() => chain.stop())
  const file = path.join(folder, 'network.json')
  const document = {
    format: 'cocoon-network/1',
    name: 'test',
    globalId: chain.globalId,
    chainUrl: chain.url,
    bootstrap: [],
    models: [{ id: 'demo', root: '05'.repeat(32) }],
    ...(seed === undefined ? {} : { simulatedManufacturerSeed: seed }),
    closeDelay: 60,
  }
  writeFileSync(file, JSON.stringify(document))
  return file
}

async function attest(...parameters: string[]) {
  const test = testContext()
  await buildProgram(test.context).parseAsync(['attest', ...parameters], { from: 'user' })
  return test
}

describe('cocoon attest quote', () => {
  it('saves a bundle that passes every step, bound to its peer, model and block', async () => {
    const folder = temporaryFolder()
    const file = await network(folder, '07'.repeat(32))
    const out = path.join(folder, 'machine.bundle')
    const { stdout } = await attest('quote', '--network', file, '--out', out, '--json')
    const { identity, modelRoot, tee, bundle } = JSON.parse(stdout())
    expect(tee).toBe('simulated-tdx')
    expect(readFileSync(out).toString('base64')).toBe(bundle)
    const found = await verifyEvidenceFile(out, { network: file, identity, modelRoot })
    expect(found.steps.filter(({ status }) => status === 'failed')).toEqual([])
    expect(found).toMatchObject({ form: 'bundle', ok: true, bound: true, tier: 'simulated' })
  })

  it('quotes other keys each time', async () => {
    const file = await network(temporaryFolder(), '07'.repeat(32))
    const quotes = [
      await attest('quote', '--network', file),
      await attest('quote', '--network', file),
    ]
    const [one, other] = quotes.map(({ stdout }) => /identity\s+(\w+)/.exec(stdout())?.[1])
    expect(one).toMatch(/^[0-9a-f]{64}$/)
    expect(one).not.toBe(other)
  })

  it('on a machine without a TEE says what was looked for', async () => {
    const file = await network(temporaryFolder(), undefined)
    expect(await rejectionCode(attest('quote', '--network', file))).toBe('TEE_MISSING')
    expect(await rejectionCode(attest('quote', '--network', file, '--tee', 'tdx'))).toBe(
      'TEE_MISSING',
    )
  })

  it('says when it cannot save', async () => {
    const file = await network(temporaryFolder(), '07'.repeat(32))
    const out = path.join(temporaryFolder(), 'no', 'such', 'folder')
    expect(await rejectionCode(attest('quote', '--network', file, '--out', out))).toBe(
      'OUTPUT_UNWRITABLE',
    )
  })
})
