/** Epoch anchors end to end: a provider anchors its receipts of two channels; each proves its place. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildProgram } from '#node/cli/program.ts'
import { decodeReceiptFile, encodeReceiptFile } from '#protocol/receipt.ts'
import { testContext } from '../support/cli-context.ts'
import { type OwnerHome, ownerHome } from '../support/owner-home.ts'
import { runsPython, verifyInPython } from '../support/python-verifier.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'

let network: RoleNetwork
let folder: string
let seller: OwnerHome
let stranger: OwnerHome
const receipts: string[] = []

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'cocoon-anchor-'))
  network = await startRoleNetwork()
  const provider = await TestProvider.start(network, 'seller')
  const clients = [
    await TestClient.start(network, 'buyer 1', [provider]),
    await TestClient.start(network, 'buyer 2', [provider]),
  ]
  for (const client of clients) {
    for (const maxTokens of [4, 12]) receipts.push((await client.chat({ maxTokens })).receiptFile)
    await client.settle()
    await client.stop()
  }
  await provider.stop()
  seller = ownerHome(network, 'provider seller', provider)
  await network.wallet('provider stranger')
  stranger = ownerHome(network, 'provider stranger', provider)
})
afterAll(async () => {
  await network?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function run(...words: string[]) {
  const { context, stdout, exitCodes } = testContext()
  await buildProgram(context).parseAsync(words, { from: 'user' })
  return { text: stdout(), exitCodes }
}
const anchor = (home: OwnerHome, ...words: string[]) => run('anchor', ...words, ...home.flags)
const shown = async (home: OwnerHome) => JSON.parse((await anchor(home, 'show', '--json')).text)

/** The receipt as its client would have it before it got a voucher's proof: signed only. */
function withoutVoucher(file: string): string {
  const { acknowledgement: _, ...rest } = decodeReceiptFile(readFileSync(file))
  const bare = path.join(folder, `bare-${path.basename(file)}`)
  writeFileSync(bare, encodeReceiptFile(rest))
  return bare
}

async function verify(file: string, ...words: string[]) {
  const target = ['--json', '--network', seller.flags[1]!]
  const { text, exitCodes } = await run('receipts', 'verify', file, ...target, ...words)
  return { ...JSON.parse(text), exitCodes }
}

async function proofOf(home: OwnerHome, file: string): Promise<string> {
  const proof = path.join(
    folder,
    `${path.basename(file)}.${home === seller ? 'own' : 'other'}.json`,
  )
  await anchor(home, 'prove', file, '--out', proof)
  return proof
}

describe('cocoon anchor', () => {
  it('shows what is not anchored, plans it in a dry run, and asks for --yes', async () => {
    expect(await shown(seller)).toMatchObject({ epoch: 0, root: null, notYetAnchored: 4 })
    const plan = JSON.parse((await anchor(seller, 'publish', '--dry-run', '--json')).text)
    expect(plan).toMatchObject({ sent: false, movesNano: '0' })
    await expect(anchor(seller, 'publish')).rejects.toMatchObject({ code: 'USAGE' })
    expect(await shown(seller)).toMatchObject({ epoch: 0, notYetAnchored: 4 })
  })

  it('anchors the receipts of all channels, and then has nothing to anchor', async () => {
    const sent = JSON.parse((await anchor(seller, 'publish', '--yes', '--json')).text)
    expect(sent.sent).toBe(true)
    expect(BigInt(sent.feesNano)).toBeGreaterThan(0n)
    expect(BigInt(sent.feesNano)).toBeLessThan(BigInt(sent.attachedNano))
    expect(await shown(seller)).toMatchObject({ epoch: 1, receipts: '4', notYetAnchored: 0 })
    const again = anchor(seller, 'publish', '--yes')
    await expect(again).rejects.toMatchObject({ code: 'NOTHING_TO_ANCHOR' })
  })

  it('proves each receipt, which is anchored even without a voucher', async () => {
    for (const receipt of receipts) {
      const bare = withoutVoucher(receipt)
      expect(await verify(bare)).toMatchObject({ ok: true, level: 'signed' })
      const verdict = await verify(bare, '--anchor-proof', await proofOf(seller, receipt))
      expect(verdict).toMatchObject({ ok: true, level: 'anchored', exitCodes: [] })
    }
  })

  it('verifies offline against the roots that a reader saved', async () => {
    const [bare, roots] = [withoutVoucher(receipts[2]!), path.join(folder, 'roots.json')]
    const proof = ['--anchor-proof', await proofOf(seller, receipts[2]!)]
    await verify(bare, ...proof, '--save-roots', roots)
    const verdict = await verify(bare, ...proof, '--roots', roots)
    expect(verdict).toMatchObject({ ok: true, level: 'anchored', against: roots })
  })

  it.runIf(runsPython)(
    'convinces the verifier in Python, and the proof of another receipt does not',
    async () => {
      const [bare, roots] = [withoutVoucher(receipts[1]!), path.join(folder, 'python-roots.json')]
      const places = [await proofOf(seller, receipts[1]!), await proofOf(seller, receipts[0]!)]
      await verify(bare, '--anchor-proof', places[0]!, '--save-roots', roots)
      const [good, bad] = await Promise.all(
        places.map((place) => verifyInPython(bare, roots, '--anchor-proof', place)),
      )
      expect(good).toMatchObject({ level: 'anchored', failed: [] })
      expect(bad).toMatchObject({ level: 'signed', failed: ['epoch-anchor'] })
    },
  )

  it('refuses the proof of another receipt', async () => {
    const bare = withoutVoucher(receipts[0]!)
    const verdict = await verify(bare, '--anchor-proof', await proofOf(seller, receipts[1]!))
    expect(verdict).toMatchObject({ ok: false, exitCodes: [5] })
    expect(verdict.steps.find(({ name }: { name: string }) => name === 'epoch-anchor').status).toBe(
      'failed',
    )
  })

  it("refuses a place in a stranger's anchor: only the provider's counts", async () => {
    await anchor(stranger, 'publish', '--yes')
    const bare = withoutVoucher(receipts[0]!)
    const verdict = await verify(bare, '--anchor-proof', await proofOf(stranger, receipts[0]!))
    expect(verdict).toMatchObject({ ok: false, exitCodes: [5] })
  })

  it('takes a proof of an epoch that the chain does not hold for none', async () => {
    const proof = JSON.parse(readFileSync(await proofOf(seller, receipts[0]!), 'utf8'))
    const later = path.join(folder, 'later.json')
    writeFileSync(later, JSON.stringify({ ...proof, epoch: 2 }))
    const verdict = await verify(withoutVoucher(receipts[0]!), '--anchor-proof', later)
    expect(verdict).toMatchObject({ ok: true, level: 'signed' })
    writeFileSync(later, '{}')
    const verified = verify(receipts[0]!, '--anchor-proof', later)
    await expect(verified).rejects.toMatchObject({ code: 'ANCHOR_PROOF_INVALID' })
  })

  it('does not prove what is not anchored', async () => {
    rmSync(path.join(seller.networkDir, 'epoch-anchor.json'))
    const proven = anchor(seller, 'prove', receipts[0]!)
    await expect(proven).rejects.toMatchObject({ code: 'NOT_ANCHORED' })
    writeFileSync(path.join(seller.networkDir, 'epoch-anchor.json'), '{')
    await expect(anchor(seller, 'show')).rejects.toMatchObject({ code: 'EPOCHS_INVALID' })
  })
})
