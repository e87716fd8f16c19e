/** `cocoon bond` against the embedded chain: staked, slashed with a receipt that proves it, unbonded. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildProgram } from '#node/cli/program.ts'
import { testContext } from '../support/cli-context.ts'
import { type OwnerHome, ownerHome } from '../support/owner-home.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'

const vectors = path.join(import.meta.dirname, '../vectors/receipts')
const vector = (name: string): string => path.join(vectors, `${name}.cocoon-receipt`)

let network: RoleNetwork
let provider: OwnerHome
let other: OwnerHome
let reporter: OwnerHome

/** The home of a provider whose settlement key signed the vectors, unless it is another. */
async function homeOf(name: string, isSigner: boolean): Promise<OwnerHome> {
  await network.wallet(name)
  const home = ownerHome(network, name, { name })
  if (!isSigner) return home
  const file = path.join(home.flags[3]!, 'keys.json')
  const keys = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify({ ...keys, settlementSeed: '51'.repeat(32) }))
  return home
}

beforeAll(async () => {
  network = await startRoleNetwork()
  provider = await homeOf('over-biller', true)
  other = await homeOf('honest', false)
  reporter = await homeOf('reporter', false)
})
afterAll(() => network?.stop())

async function bond(...words: string[]) {
  const { context, stdout, exitCodes } = testContext()
  await buildProgram(context).parseAsync(['bond', ...words], { from: 'user' })
  return { text: stdout(), exitCodes }
}
const shown = async (home: OwnerHome) =>
  JSON.parse((await bond('show', '--json', ...home.flags)).text)

it('shows nothing bonded, and neither unbonds nor withdraws what is not there', async () => {
  expect(await shown(provider)).toMatchObject({ bondedNano: '0', unbondAt: 0 })
  for (const verb of ['unbond', 'withdraw']) {
    const moved = bond(verb, '--yes', ...provider.flags)
    await expect(moved).rejects.toMatchObject({ code: 'BOND_MISSING' })
  }
})

it('bonds exactly what was said, and nothing in a dry run or without --yes', async () => {
  const plan = await bond('deposit', '5', '--dry-run', '--json', ...provider.flags)
  expect(JSON.parse(plan.text)).toMatchObject({ sent: false, movesNano: '5000000000' })
  await expect(bond('deposit', '5', ...provider.flags)).rejects.toMatchObject({ code: 'USAGE' })
  expect(await shown(provider)).toMatchObject({ bondedNano: '0' })
  for (const home of [provider, other]) await bond('deposit', '5', '--yes', ...home.flags)
  expect(await shown(provider)).toMatchObject({ bondedNano: '5000000000' })
})

it('tells a receipt that proves over-billing from one that does not', async () => {
  const proven = await bond('prove', vector('forged-price'), '--json')
  expect(JSON.parse(proven.text)).toMatchObject({ isOverBilled: true })
  expect(proven.exitCodes).toEqual([])
  const honest = await bond('prove', vector('anchored'), '--json')
  expect(JSON.parse(honest.text)).toMatchObject({ isOverBilled: false })
  expect(honest.exitCodes).toEqual([1])
})

it.each([
  ['forged-bill-signer', 'SIGNATURE_INVALID'],
  ['forged-delegation-signer', 'SIGNATURE_INVALID'],
  ['forged-price-quote', 'PROOF_INVALID'],
])('takes %s for no proof', async (name, code) => {
  await expect(bond('prove', vector(name))).rejects.toMatchObject({ code })
})

it('slashes only with a proof, and only the bond of its signer', async () => {
  const { address } = await shown(provider)
  const { address: foreign } = await shown(other)
  const slash = (file: string, at: string, ...words: string[]) =>
    bond('slash', vector(file), '--bond', at, ...words, ...reporter.flags)
  await expect(slash('anchored', address, '--yes')).rejects.toMatchObject({
    code: 'NOT_OVER_BILLED',
  })
  await expect(slash('forged-price', foreign, '--yes')).rejects.toMatchObject({
    code: 'PROOF_INVALID',
  })
  await slash('forged-price', address, '--dry-run')
  expect(await shown(provider)).toMatchObject({ bondedNano: '5000000000', slashedNano: '0' })
  const wallet = await network.wallet('reporter')
  const before = await wallet.balance()
  await slash('forged-price', address, '--yes')
  expect(await shown(provider)).toMatchObject({ bondedNano: '0', slashedNano: '5000000000' })
  const gained = (await wallet.balance()) - before
  expect(gained).toBeGreaterThan(400_000_000n)
  expect(gained).toBeLessThanOrEqual(500_000_000n)
})

it('gives the stake back only after unbonding and its delay', async () => {
  await expect(bond('withdraw', '--yes', ...other.flags)).rejects.toMatchObject({
    code: 'TRANSACTION_FAILED',
  })
  await bond('unbond', '--yes', ...other.flags)
  const { unbondAt } = await shown(other)
  expect(unbondAt).toBeGreaterThan(0)
  network.advance(31 * 86_400)
  const wallet = await network.wallet('honest')
  const before = await wallet.balance()
  await bond('withdraw', '--yes', ...other.flags)
  expect((await wallet.balance()) - before).toBeGreaterThan(4_900_000_000n)
  expect(await shown(other)).toMatchObject({ bondedNano: '0', unbondAt: 0 })
})
