/** `cocoon testnet --once --json` over real processes: the one document that the project promises. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mandatorySteps } from '#attestation/verdict-steps.ts'
import type { OnceDocument } from '#node/cli/once.ts'
import type { FeesDocument } from '#node/cli/once-fees.ts'
import { peerIdOf } from '#node/network/peer-ids.ts'
import { planTestnet } from '#node/testnet/derive.ts'
import { realParts } from '#node/testnet/parts.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { priceNano } from '#protocol/money.ts'
import { type CliResult, cli } from '../support/testnet-cli.ts'

const SEED = 'e2e-once'
const RUN_LIMIT_MS = 400_000

let home: string
let result: CliResult
let document: OnceDocument & {
  readonly fees: FeesDocument
  readonly conserved: boolean
  readonly seed: string
}

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'cocoon-once-'))
  result = await cli(['testnet', '--once', '--json', '--seed', SEED, '--data', home], { home })
  if (result.code !== 0) throw new Error(`--once ended with ${result.code}:\n${result.stderr}`)
  document = JSON.parse(result.stdout)
}, RUN_LIMIT_MS)

afterAll(() => rm(home, { recursive: true, force: true }))

const plan = planTestnet(SEED, 3, 1)
const identityOf = (seed: Uint8Array) => nodeCrypto.ed25519FromSeed(seed).publicKey
const verify = (file: string, ...more: string[]) =>
  cli(['receipts', 'verify', file, '--json', ...more], { home })

describe('testnet --once --json', () => {
  it('exits 0 with one JSON document on stdout, talk on stderr, and the books in balance', () => {
    expect(result.stdout.trimEnd().split('\n')).toHaveLength(1)
    expect(Object.keys(document).sort()).toEqual(
      [
        ...['answer', 'model', 'engine', 'route', 'verdict', 'usage', 'priceNano', 'timings'],
        ...['receipt', 'chain', 'job', 'fees', 'conserved', 'seed'],
      ].sort(),
    )
    expect(document).toMatchObject({ conserved: true, seed: SEED, model: 'cocoon-demo' })
    expect(document.engine).toMatch(/^onnxruntime-node \d\S* \(native, cpu\)$/)
    expect(document.answer.length).toBeGreaterThan(20)
    expect(result.stderr).toContain(`seed ${SEED}`)
    expect(result.stderr).toMatch(/ready in [\d.]+ s/)
    expect(result.stderr).toMatch(/^conserved: /m)
  })

  it('names every mandatory step of the verdict and the session transcript, passed', () => {
    const { tier, ok, steps } = document.verdict
    expect({ tier, ok }).toEqual({ tier: 'simulated', ok: true })
    const status = new Map(steps.map((step) => [step.name, step.status]))
    // TDX- and SNP-shaped machines by turns, each with a GPU: the seed decides which one is chosen.
    const kind = status.has('quote-format') ? 'tdx' : 'sev-snp'
    expect(mandatorySteps(kind).length).toBeGreaterThan(20)
    const gpu = ['gpu-evidence', 'gpu-identity', 'gpu-report', 'gpu-firmware', 'gpu-uniqueness']
    for (const name of [...mandatorySteps(kind), ...gpu, 'session-transcript']) {
      expect([name, status.get(name)]).toEqual([name, 'passed'])
    }
    expect(steps.filter((step) => step.status === 'skipped' || step.status === 'failed')).toEqual(
      [],
    )
    for (const { required, reference } of steps) expect([required, reference]).not.toContain('')
  })

  it('chooses among three offers and says why', () => {
    const { provider, reason, offers } = document.route
    expect(offers.map(({ rank }) => rank)).toEqual([1, 2, 3])
    expect(offers[0]?.provider).toBe(provider)
    expect(reason).toBe(offers[0]?.reasons.join('; '))
    for (const offer of offers) expect(offer.reasons.length).toBeGreaterThan(0)
  })

  it('charges exactly the price of the planned offer for the counted tokens', () => {
    const winner = plan.providers.find(
      ({ identitySeed }) => toHex(identityOf(identitySeed)) === document.route.provider,
    )
    const { prompt_tokens, completion_tokens } = document.usage
    expect(completion_tokens).toBeGreaterThan(4)
    const counts = { promptTokens: prompt_tokens, cachedTokens: 0 }
    expect(winner).toBeDefined()
    const price = priceNano(winner!.prices, { ...counts, completionTokens: completion_tokens })
    expect(document.priceNano).toBe(`${price}`)
  })

  it('measures times that fit into one another', () => {
    const { discoverMs, attestMs, fundMs, firstTokenMs, totalMs } = document.timings
    for (const ms of [discoverMs, attestMs, fundMs]) expect(ms).toBeGreaterThanOrEqual(0)
    expect(attestMs + fundMs).toBeGreaterThan(0)
    expect(discoverMs + attestMs + fundMs).toBeLessThanOrEqual(firstTokenMs)
    expect(firstTokenMs).toBeLessThanOrEqual(totalMs)
  })

  it('claims what was used, returns the rest, and leaves a root on the chain', () => {
    const { depositedNano, claimedNano, refundedNano, feesNano, receiptsRoot } = document.chain
    expect(BigInt(claimedNano)).toBeGreaterThanOrEqual(BigInt(document.priceNano))
    expect(BigInt(depositedNano)).toBe(BigInt(claimedNano) + BigInt(refundedNano))
    expect(BigInt(feesNano)).toBeGreaterThan(0n)
    expect(receiptsRoot).toMatch(/^[0-9a-f]{64}$/)
    expect(receiptsRoot).not.toMatch(/^0+$/)
  })

  it('names the fee of each step on the chain, and their sum is what the chain took', () => {
    const { steps, totalNano, takenNano } = document.fees
    const sum = steps.reduce((nano, { feesNano }) => nano + BigInt(feesNano), 0n)
    expect(`${sum}`).toBe(totalNano)
    expect(totalNano).toBe(takenNano)
    const done = steps.flatMap(({ operations }) => operations)
    for (const operation of ['faucet', 'open', 'claim', 'coopClose']) {
      expect(done).toContain(operation)
    }
    for (const { operations, accounts, transactions, feesNano } of steps) {
      expect(operations.length).toBeGreaterThan(0)
      expect(accounts.length).toBeGreaterThan(0)
      expect(transactions).toBeGreaterThan(0)
      expect([operations, BigInt(feesNano) >= 0n]).toEqual([operations, true])
    }
    expect(result.stderr).toMatch(/open and fund a channel .* TON$/m)
    expect(result.stderr).toMatch(/^fees .* in \d+ steps: exactly what the chain took$/m)
  })

  it('runs a job with bids from all three providers and results in line order', () => {
    const { bids, winner, results } = document.job
    const everyone = document.route.offers.map(({ provider }) => provider)
    expect(bids.map(({ provider }) => provider).sort()).toEqual([...everyone].sort())
    expect(everyone).toContain(winner)
    expect(results.map(({ index, customId, error }) => [index, customId, error])).toEqual([
      [0, 'line-1', null],
      [1, 'line-2', null],
      [2, 'line-3', null],
    ])
    for (const { text, receiptId } of results) {
      expect(text?.length).toBeGreaterThan(10)
      expect(receiptId).toMatch(/^[0-9a-f]{64}$/)
    }
  })
})

describe('the receipt, when nothing of its network runs any more', () => {
  it('verifies up to the chain', async () => {
    const { file, id } = document.receipt
    expect(existsSync(file)).toBe(true)
    const verified = await verify(file)
    expect(verified.code).toBe(0)
    const verdict = JSON.parse(verified.stdout)
    expect(verdict).toMatchObject({ id, ok: true, level: 'anchored', tier: 'simulated' })
    expect(verdict.against).toBe(document.receipt.snapshot)
  })

  it('is refused with exit code 5 and the failed step when one byte differs', async () => {
    const { file, snapshot } = document.receipt
    const bytes = readFileSync(file)
    const altered = path.join(home, 'altered.cocoon-receipt')
    const at = Math.floor(bytes.length / 2)
    bytes[at] = bytes[at]! ^ 1
    writeFileSync(altered, bytes)
    const refused = await verify(altered, '--snapshot', snapshot)
    expect(refused.code).toBe(5)
    const { ok, steps } = JSON.parse(refused.stdout) as OnceDocument['verdict']
    expect(ok).toBe(false)
    const failed = steps.filter(({ status }) => status === 'failed').map(({ name }) => name)
    expect(failed).not.toEqual([])
    expect(refused.stderr).toContain(`refused at: ${failed.join(', ')}`)
  })
})

describe('the seed', () => {
  it('decides identities, prices and wallets', () => {
    const said = result.stderr
    const again = planTestnet(SEED, 3, 1)
    for (const { name, identitySeed, walletSeed } of [...again.providers, ...again.clients]) {
      const peerId = peerIdOf(identityOf(identitySeed))
      expect(said).toMatch(new RegExp(`^${name} +\\d+ +${peerId} `, 'm'))
      const wallet = realParts.walletAddress(walletSeed)
      expect(said).toMatch(new RegExp(`^${name} +${wallet} `, 'm'))
    }
    const { prompt_tokens } = document.usage
    const { offers } = document.route
    const byPlan = again.providers.map(({ identitySeed, prices }) => ({
      provider: toHex(identityOf(identitySeed)),
      perPromptToken: prices.promptNanoPerMtok,
      prices,
    }))
    expect(offers.map(({ provider }) => provider).sort()).toEqual(
      byPlan.map(({ provider }) => provider).sort(),
    )
    // One number of new tokens at most explains all three estimates.
    const limits = offers.map(({ provider, estimatedPriceNano }) => {
      const { prices } = byPlan.find((one) => one.provider === provider)!
      const prompt = prices.promptNanoPerMtok * BigInt(prompt_tokens)
      const left = BigInt(estimatedPriceNano) * 1_000_000n - prompt
      return left / prices.completionNanoPerMtok
    })
    expect(new Set(limits).size).toBe(1)
    expect(planTestnet('another', 3, 1).providers[0]?.prices).not.toEqual(byPlan[0]?.prices)
  })
})
