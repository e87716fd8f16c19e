/**
 * The vectors of docs/spec/receipt-verifier.md against this verifier and against another one, in Python's
 * standard library: both must name the same failed steps and the same level, also on receipts of a run.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { anchorChain } from '#node/receipts/chain.ts'
import { readRootsFile, recordingChain } from '#node/receipts/roots-file.ts'
import { type ReceiptVerdict, verifyReceiptFile } from '#node/receipts/verify.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import { snapshotReader } from '#settlement/chain/snapshot-reader.ts'
import { CHANNEL_CODE } from '#settlement/contracts/code.ts'
import { type Outcome, runsPython, verifyInPython } from '../support/python-verifier.ts'
import { flipped } from '../support/role-forgeries.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'

const folder = path.join(import.meta.dirname, '../vectors/receipts')

const { channelCode, cases } = z
  .object({
    channelCode: z.object({ hash: z.string(), depth: z.number() }),
    cases: z.array(
      z.object({
        file: z.string(),
        chain: z.string(),
        globalId: z.number(),
        id: z.string(),
        level: z.enum(['signed', 'acknowledged', 'anchored']),
        failed: z.array(z.string()),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(path.join(folder, 'cases.json'), 'utf8')))

/** What a verifier without manufacturers' roots and policies can check: the page lists them. */
const STEPS = new Set([
  ...['file-format', 'body', 'signature', 'delegation', 'terms', 'statement'],
  ...['evidence/report-data', 'price-quote', 'price', 'bill', 'acknowledgement', 'anchor'],
])

const outcomeOf = ({ id, level, steps }: ReceiptVerdict): Outcome => ({
  id,
  level,
  failed: steps
    .filter(({ name, status }) => status === 'failed' && STEPS.has(name))
    .map(({ name }) => name),
})

const withPython = it.runIf(runsPython)

const network = (globalId: number): NetworkFile => ({
  format: 'cocoon-network/1',
  name: 'vectors',
  globalId,
  chainUrl: 'http://127.0.0.1:1',
  bootstrap: [],
  models: [{ id: 'vectors', root: '05'.repeat(32) }],
  closeDelay: 600,
})

describe('the vectors', () => {
  it('hold every file of the folder, good and forged, of every level', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.cocoon-receipt'))
    expect(cases.map(({ file }) => file).sort()).toEqual(files.sort())
    const good = cases.filter(({ failed }) => failed.length === 0)
    expect(new Set(good.map(({ level }) => level)).size).toBe(3)
    const failed = new Set(cases.flatMap((one) => one.failed))
    expect([...STEPS].filter((step) => !failed.has(step))).toEqual(['anchor'])
  })

  it('are of the channel code that is committed', () => {
    expect(channelCode).toEqual({
      hash: CHANNEL_CODE.hash().toString('hex'),
      depth: CHANNEL_CODE.depth(),
    })
  })

  it.each(cases)('$file, here', async ({ file, chain, globalId, id, level, failed }) => {
    const roots = readRootsFile(readFileSync(path.join(folder, chain), 'utf8'))
    const verdict = await verifyReceiptFile(readFileSync(path.join(folder, file)), {
      network: network(globalId),
      chain: { ...roots, globalId },
    })
    expect(outcomeOf(verdict)).toEqual({ id, level, failed })
  })

  withPython.each(cases)('$file, in Python', async ({ file, chain, globalId, ...expected }) => {
    const found = await verifyInPython(
      path.join(folder, file),
      path.join(folder, chain),
      ...['--global-id', `${globalId}`],
    )
    expect(found).toEqual({ id: expected.id, level: expected.level, failed: expected.failed })
  })
})

describe('receipts of a run', () => {
  let roles: RoleNetwork
  let folderOfRun: string
  const receipts: string[] = []

  beforeAll(async () => {
    folderOfRun = mkdtempSync(path.join(tmpdir(), 'cocoon-other-verifier-'))
    roles = await startRoleNetwork()
    const provider = await TestProvider.start(roles, 'seller')
    const client = await TestClient.start(roles, 'buyer', [provider])
    for (const maxTokens of [5, 20, 3]) {
      receipts.push((await client.chat({ maxTokens })).receiptFile)
    }
    await client.settle()
    await client.stop()
    await provider.stop()
  })
  afterAll(async () => {
    await roles?.stop()
    rmSync(folderOfRun, { recursive: true, force: true })
  })

  /** Ours against the live chain, whose roots it saves; the other one against these. */
  async function both(bytes: Uint8Array, name: string) {
    const chain = recordingChain(anchorChain(snapshotReader(await roles.devchain.snapshot())))
    const ours = await verifyReceiptFile(bytes, { network: roles.file, chain })
    const [file, roots] = ['cocoon-receipt', 'roots.json'].map((extension) =>
      path.join(folderOfRun, `${name}.${extension}`),
    ) as [string, string]
    writeFileSync(file, bytes)
    writeFileSync(roots, chain.rootsFile())
    const offline = readRootsFile(readFileSync(roots, 'utf8'))
    const again = await verifyReceiptFile(bytes, { network: roles.file, chain: offline })
    expect(again).toEqual(ours)
    return { ours, theirs: await verifyInPython(file, roots) }
  }

  withPython('are anchored for both, online and against the saved roots', async () => {
    for (const [at, receipt] of receipts.entries()) {
      const { ours, theirs } = await both(readFileSync(receipt), `receipt-${at}`)
      expect(ours).toMatchObject({ ok: true, level: 'anchored' })
      expect(theirs).toEqual(outcomeOf(ours))
    }
  })

  withPython('are refused at the same steps by both wherever a byte changes', async () => {
    const bytes = Uint8Array.from(readFileSync(receipts[1]!))
    for (let at = 1; at < bytes.length; at += Math.floor(bytes.length / 10)) {
      const { ours, theirs } = await both(flipped(bytes, at, 1 << (at % 8)), `flipped-${at}`)
      expect(ours.ok, `byte ${at}`).toBe(false)
      expect(theirs, `byte ${at}`).toEqual(outcomeOf(ours))
    }
  })
})
