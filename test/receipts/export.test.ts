/** Receipts out as rows and as one file, and verified again: over a client's folder, with no client running. */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildProgram } from '#node/cli/program.ts'
import { readBundle } from '#node/receipts/bundle.ts'
import { anchorChain } from '#node/receipts/chain.ts'
import { csvLines, exportRows, type ReceiptExportRow } from '#node/receipts/export.ts'
import { recordingChain } from '#node/receipts/roots-file.ts'
import { verifyReceiptFile } from '#node/receipts/verify.ts'
import { snapshotReader } from '#settlement/chain/snapshot-reader.ts'
import { testContext } from '../support/cli-context.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'

let network: RoleNetwork
let folder: string
let home: string
let networkFile: string
let roots: string
const ids: string[] = []
const receipts: string[] = []
const used: bigint[] = []

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'cocoon-export-'))
  network = await startRoleNetwork()
  const provider = await TestProvider.start(network, 'seller')
  const client = await TestClient.start(network, 'buyer', [provider])
  for (const maxTokens of [5, 20, 3]) {
    const { receiptFile } = await client.chat({ maxTokens })
    receipts.push(receiptFile)
    network.advance(120)
  }
  await client.settle()
  for (const row of [...client.store.receipts()].sort((a, b) => a.leafIndex - b.leafIndex)) {
    ids.push(row.id)
    used.push(row.usedNano)
  }
  home = client.dataDir
  await client.stop()
  await provider.stop()
  networkFile = path.join(folder, 'network.json')
  writeFileSync(networkFile, JSON.stringify(network.file))
  const chain = recordingChain(anchorChain(snapshotReader(await network.devchain.snapshot())))
  for (const receipt of receipts) {
    await verifyReceiptFile(readFileSync(receipt), { network: network.file, chain })
  }
  roots = path.join(folder, 'roots.json')
  writeFileSync(roots, chain.rootsFile())
})
afterAll(async () => {
  await network?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function run(...words: string[]) {
  const { context, stdout, stderr, exitCodes } = testContext()
  await buildProgram(context).parseAsync(['receipts', ...words], { from: 'user' })
  return { stdout: stdout(), stderr: stderr(), exitCodes }
}
const exported = async (...words: string[]) => run('export', '--client', home, ...words)
const rowsIn = (text: string): ReceiptExportRow[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('receipts export', () => {
  it('gives one JSON line for each receipt, oldest first, with what was paid', async () => {
    const rows = rowsIn((await exported()).stdout)
    expect(rows.map(({ receipt }) => receipt)).toEqual(ids)
    expect(rows.map(({ usedNano }) => BigInt(usedNano))).toEqual(used)
    expect(rows.map(({ level }) => level)).toEqual(Array(3).fill('acknowledged'))
  })

  it('leaves out what ended before --since', async () => {
    const { ended } = rowsIn((await exported()).stdout)[1]!
    const rows = rowsIn((await exported('--since', ended)).stdout)
    expect(rows.map(({ receipt }) => receipt)).toEqual(ids.slice(1))
  })

  it('writes CSV with a heading, as many columns in each line, ended as RFC 4180 says', async () => {
    const { stdout } = await exported('--csv')
    const lines = stdout.split('\r\n')
    expect(lines).toHaveLength(5)
    expect(lines[0]).toMatch(/^receipt,started,ended,channel,/)
    const columns = lines.slice(0, 4).map((line) => line.split(',').length)
    expect(new Set(columns).size).toBe(1)
  })

  it('keeps what a spreadsheet would take for a formula as text', () => {
    const [row] = exportRows([receipts[0]!])
    const [, line = ''] = csvLines([{ ...row!, finish: '=HYPERLINK("http://x")' }])
    expect(line).toContain(`"'=HYPERLINK(""http://x"")"`)
  })

  it('writes to a file of its owner only, and nothing to stdout', async () => {
    const out = path.join(folder, 'receipts.csv')
    const { stdout } = await exported('--csv', '--out', out)
    expect(stdout).toBe('')
    expect(statSync(out).mode & 0o777).toBe(0o600)
    expect(readFileSync(out, 'utf8').split('\r\n')).toHaveLength(5)
  })

  it('names a damaged file, leaves it out and exits with 1', async () => {
    const damaged = path.join(folder, 'damaged')
    mkdirSync(path.join(damaged, 'receipts'), { recursive: true })
    writeFileSync(path.join(damaged, 'peer.sqlite'), '')
    writeFileSync(path.join(damaged, 'receipts', 'a.cocoon-receipt'), readFileSync(receipts[0]!))
    writeFileSync(path.join(damaged, 'receipts', 'b.cocoon-receipt'), 'no receipt')
    const { stdout, stderr, exitCodes } = await run('export', '--client', damaged)
    expect(rowsIn(stdout).map(({ receipt }) => receipt)).toEqual([ids[0]])
    expect(stderr).toContain('b.cocoon-receipt')
    expect(exitCodes).toEqual([1])
  })

  it('refuses two forms at once, and a bundle without a file', async () => {
    await expect(exported('--csv', '--json')).rejects.toMatchObject({ code: 'USAGE' })
    await expect(exported('--bundle')).rejects.toMatchObject({ code: 'USAGE' })
  })
})

describe('a bundle', () => {
  const bundle = () => path.join(folder, 'all.cocoon-receipts')
  const verify = (file: string) =>
    run('verify', file, '--json', '--network', networkFile, '--roots', roots)

  it('holds the receipt files as they are, and verifies offline against the roots', async () => {
    await exported('--bundle', '--out', bundle())
    const files = [...readBundle(bundle())].map((bytes) => Buffer.from(bytes))
    expect(files).toEqual(receipts.map((file) => readFileSync(file)))
    const { stdout, exitCodes } = await verify(bundle())
    const verdicts = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(verdicts.map(({ id }) => id)).toEqual(ids)
    expect(verdicts.every(({ ok, level }) => ok && level === 'anchored')).toBe(true)
    expect(exitCodes).toEqual([])
  })

  it('is refused with exit code 5 when one receipt of it is bad, the others still judged', async () => {
    const bytes = readFileSync(bundle())
    const at = bytes.length - 8 - 200
    const changed = path.join(folder, 'changed.cocoon-receipts')
    writeFileSync(changed, bytes.fill(bytes[at]! ^ 1, at, at + 1))
    const { stdout, exitCodes } = await verify(changed)
    const oks = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).ok)
    expect(oks).toEqual([true, true, false])
    expect(exitCodes).toEqual([5])
  })

  it.each([
    ['cut in a receipt', (size: number) => size - 100],
    ['cut before its end', (size: number) => size - 8],
    ['cut in its end', (size: number) => size - 1],
  ])('%s is refused', async (_, sizeOf) => {
    const cut = path.join(folder, 'cut.cocoon-receipts')
    await exported('--bundle', '--out', cut)
    truncateSync(cut, sizeOf(statSync(cut).size))
    expect(() => [...readBundle(cut)]).toThrow(
      expect.objectContaining({ code: 'BUNDLE_MALFORMED' }),
    )
  })
})

describe('roots', () => {
  it('that verify saved are enough to verify again offline', async () => {
    const saved = path.join(folder, 'saved.json')
    const target = ['--network', networkFile]
    await run('verify', receipts[1]!, ...target, '--save-roots', saved)
    const online = await run('verify', receipts[1]!, '--json', ...target)
    const offline = await run('verify', receipts[1]!, '--json', ...target, '--roots', saved)
    const steps = (text: string) => JSON.parse(text).steps
    expect(steps(offline.stdout)).toEqual(steps(online.stdout))
    expect(JSON.parse(offline.stdout)).toMatchObject({ level: 'anchored', against: saved })
  })

  it('of another network, or no roots at all, are refused', async () => {
    const other = path.join(folder, 'other.json')
    const document = JSON.parse(readFileSync(roots, 'utf8'))
    for (const content of [JSON.stringify({ ...document, globalId: -239 }), '{}']) {
      writeFileSync(other, content)
      const verified = run('verify', receipts[0]!, '--network', networkFile, '--roots', other)
      await expect(verified).rejects.toMatchObject({ code: 'ROOTS_INVALID' })
    }
  })
})
