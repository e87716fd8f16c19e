/** History out as CSV and JSON, and away: over a client that asked, ran a job and stopped. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { connect, startTestnet, type Testnet } from 'cocoon-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildProgram } from '#node/cli/program.ts'
import { systemClock } from '#node/clock.ts'
import { FileStore } from '#node/gateway/file-store.ts'
import { clientHome, withClientStore } from '#node/history/client-home.ts'
import { historyCsv } from '#node/history/csv.ts'
import type { HistoryEntry } from '#node/history/entry.ts'
import { openLedgerDatabase } from '#node/spending/database.ts'
import { testContext } from '../support/cli-context.ts'

let testnet: Testnet
let home: string
/** Of this network, below the client's folder. */
let place: string
const ids: string[] = []

beforeAll(async () => {
  testnet = await startTestnet()
  home = await mkdtemp(path.join(tmpdir(), 'cocoon-history-'))
  const client = await connect({ network: testnet.network, dataDir: home })
  for (const prompt of ['What is Cocoon?', 'What is a receipt?']) {
    ids.push((await client.ask(prompt)).requestId)
  }
  await client.ask('Nobody is that cheap', { maxPriceNano: 1n }).catch(() => undefined)
  await client.close()
  place = clientHome({ dataDir: home, dataRoot: home })
  const ledger = openLedgerDatabase(place)
  const content = Buffer.from('{"prompt":"a batch of mine"}')
  const files = new FileStore(ledger, place, systemClock)
  files.add({ account: 'owner', filename: 'mine.jsonl', purpose: 'batch', content })
  ledger.close()
})

afterAll(async () => {
  await testnet?.stop()
  await rm(home, { recursive: true, force: true })
})

async function run(...words: string[]): Promise<string> {
  const { context, stdout } = testContext()
  await buildProgram(context).parseAsync(['history', ...words, '--client', home], { from: 'user' })
  return stdout()
}

const exported = async (...words: string[]): Promise<HistoryEntry[]> =>
  JSON.parse(await run('export', ...words))

describe('export', () => {
  it('has every request once, oldest first, with its money', async () => {
    const entries = await exported()
    expect(entries.map(({ outcome }) => outcome)).toEqual(['answered', 'answered', 'failed'])
    expect(entries.slice(0, 2).map(({ request }) => request)).toEqual(ids)
    expect(BigInt(entries[0]!.usedNano)).toBeGreaterThan(0n)
    expect(entries[2]).toMatchObject({ usedNano: '0', code: expect.stringMatching(/^[A-Z_]+$/) })
  })

  it('writes CSV with a heading, as many columns in each line, and no prompt', async () => {
    const text = await run('export', '--csv')
    const lines = text.trimEnd().split('\r\n')
    expect(lines[0]).toMatch(/^time,request,outcome,model,provider/)
    expect(lines).toHaveLength(4)
    expect(new Set(lines.map((line) => line.split(',').length)).size).toBe(1)
    expect(text).not.toContain('What is')
  })

  it('leaves out what is older than --since, and refuses a date that is none', async () => {
    expect(await exported('--since', '2999-01-01')).toEqual([])
    expect(await exported('--since', '2020-01-01')).toHaveLength(3)
    await expect(run('export', '--since', 'yesterday')).rejects.toThrow(/2026-11-23/)
  })

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])(
    'gives %j to a spreadsheet as text',
    (model) => {
      const entry = { model } as HistoryEntry
      expect(historyCsv([entry])).toContain(`'${model}`)
    },
  )
})

describe('delete', () => {
  const leaves = () =>
    withClientStore(place, (store) =>
      store.loadChannels('client').map((row) => [row, store.leaves(row.address)]),
    )
  const receiptFiles = () =>
    readdirSync(path.join(place, 'receipts')).filter((name) => name.endsWith('.cocoon-receipt'))

  /** A job of two lines, of which the first has this receipt. */
  function jobOf(receipt: string): string {
    const id = 'a-job-of-two-lines'
    const state = { status: 'done', model: 'm', lines: 2, linesDone: 2, spentNano: '0', bids: [] }
    const row = { id, stateJson: JSON.stringify(state), updatedAtMs: Date.now() }
    withClientStore(place, (store) => store.saveJob(row))
    const file = path.join(place, 'jobs', `${id}.results.jsonl`)
    const lines = [
      { index: 0, text: 'the first answer', receiptId: receipt },
      { index: 1, text: 'the second answer', receiptId: 'of-another' },
    ]
    writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    return file
  }

  it('needs to be told what, and one thing only', async () => {
    await expect(run('delete')).rejects.toMatchObject({ code: 'USAGE' })
    const both = run('delete', '--all', '--request', 'x')
    await expect(both).rejects.toMatchObject({ code: 'USAGE' })
    await expect(run('delete', '--request', 'no-such-id')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  it('erases one request: story, salts, receipt and its file; what is owed stays', async () => {
    const owed = leaves()
    expect(withClientStore(place, (store) => store.ask(ids[0]!))).toBeDefined()
    const results = jobOf((await exported())[0]!.receipt)
    const erased = JSON.parse(await run('delete', '--request', ids[0]!, '--json'))
    expect(erased).toMatchObject({ requests: 1, receipts: 1, asks: 1, jobs: 0, answers: 1 })
    expect(erased.files).toBe(0)
    expect(readFileSync(results, 'utf8')).not.toContain('the first answer')
    expect(readFileSync(results, 'utf8')).toContain('the second answer')
    expect(withClientStore(place, (store) => store.ask(ids[0]!))).toBeUndefined()
    expect(receiptFiles()).toHaveLength(1)
    expect((await exported()).map(({ request }) => request)).not.toContain(ids[0])
    expect(leaves()).toEqual(owed)
  })

  it('erases nothing that is younger than --before', async () => {
    const erased = JSON.parse(await run('delete', '--before', '2020-01-01', '--json'))
    expect(erased).toMatchObject({ requests: 0, receipts: 0, asks: 0, files: 0 })
  })

  it('erases everything, so that no byte of it is left; the channel pays on', async () => {
    const owed = leaves()
    expect(await run('delete', '--all')).toMatch(/2 requests, 1 receipts, 1 jobs, 1 files/)
    expect(await exported()).toEqual([])
    expect(receiptFiles()).toEqual([])
    expect(leaves()).toEqual(owed)
    const bytes = readdirSync(home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(path.join(entry.parentPath, entry.name)).toString('latin1'))
      .join('')
    expect(bytes).not.toContain('a batch of mine')
    expect(bytes).not.toContain('cocoon-story/1')
    await using client = await connect({ network: testnet.network, dataDir: home })
    const channel = (await client.channels())[0]?.address
    const { receipt } = await client.ask('What is Cocoon?')
    expect(receipt.channel).toBe(channel)
  })

  it('is refused while the client runs', async () => {
    await using _client = await connect({ network: testnet.network, dataDir: home })
    await expect(run('delete', '--all')).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  })
})
