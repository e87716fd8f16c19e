/** `cocoon testnet` as a session: --once, Ctrl-C, the books. Peers are scripted, the chain is real. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXIT } from '#node/cli/failure.ts'
import { main } from '#node/cli/main.ts'
import { runTestnet } from '#node/cli/testnet-session.ts'
import { conservationLine } from '#node/cli/testnet-text.ts'
import { readChainSnapshot } from '#node/testnet/chain-snapshot.ts'
import { coinsIn } from '#node/text.ts'
import { testContext } from '../support/cli-context.ts'
import { scriptedParts } from '../support/scripted-testnet-parts.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const options = () => ({ providers: 1, clients: 1, apiPort: 0, data: temporaryFolder(), seed: 's' })

/** A file that is no receipt is refused at its first step, with exit code 5, chain or no chain. */
async function refusesGarbage(snapshot: string): Promise<void> {
  const file = path.join(temporaryFolder(), 'garbage.cocoon-receipt')
  writeFileSync(file, 'not a receipt')
  const { context, stdout, stderr } = testContext()
  const parameters = ['receipts', 'verify', file, '--snapshot', snapshot, '--json']
  expect(await main(parameters, {}, context.output)).toBe(EXIT.attestation)
  expect(JSON.parse(stdout())).toMatchObject({ ok: false, against: snapshot })
  expect(stderr()).toContain('refused at: file-format')
}

describe('--once --json', () => {
  it('prints one document and nothing else to stdout', async () => {
    const { context, stdout, stderr, exitCodes } = testContext()
    await runTestnet({ ...options(), once: true, json: true }, context, scriptedParts)
    const document = JSON.parse(stdout())
    expect(document).toMatchObject({
      answer: 'Hello there.',
      model: 'cocoon/demo',
      engine: 'scripted engine',
      route: { provider: 'provider-2', offers: [{ rank: 1 }, { rank: 2 }] },
      verdict: { tier: 'simulated', ok: true, steps: [{ status: 'passed' }] },
      usage: { prompt_tokens: 9, completion_tokens: 3 },
      priceNano: '12345',
      timings: { totalMs: 5 },
      receipt: { id: 'receipt-1' },
      chain: { channel: '0:aa', claimedNano: '40', refundedNano: '60', feesNano: '7' },
      job: { id: 'job-1', winner: 'provider-2', results: [{ text: 'Answer.' }] },
      conserved: true,
      seed: 's',
    })
    const saved = readChainSnapshot(readFileSync(document.receipt.snapshot, 'utf8'))
    expect(saved.chain.globalId).toBe(saved.network.globalId)
    expect((await saved.chain.latestBlock()).seqno).toBeGreaterThan(0)
    await refusesGarbage(document.receipt.snapshot)
    expect(stderr()).toMatch(/ready in [\d.]+ s/)
    expect(exitCodes).toEqual([])
  })
})

describe('until Ctrl-C', () => {
  it('shows where all is, then settles and ends with the books', async () => {
    const { context, stdout, exitCodes, press } = testContext()
    const session = runTestnet(options(), context, scriptedParts)
    await stdout.until('ready in')
    press()
    await session
    const text = stdout()
    for (const shown of ['seed s', 'client-1', 'curl -N http://127.0.0.1:', '100 TON', 'chain ']) {
      expect(text).toContain(shown)
    }
    expect(text.trimEnd().split('\n').at(-1)).toMatch(/^conserved: .* = 110 TON genesis$/)
    expect(exitCodes).toEqual([])
  })
})

describe('the books', () => {
  const coins = coinsIn('TON')

  it('say by how much they differ', () => {
    const off = conservationLine({ genesisNano: 10n, balancesNano: 8n, feesNano: 1n }, coins)
    expect(off.conserved).toBe(false)
    expect(off.line).toContain('by 0.000000001 TON')
    const even = conservationLine({ genesisNano: 10n, balancesNano: 9n, feesNano: 1n }, coins)
    expect(even.conserved).toBe(true)
  })
})
