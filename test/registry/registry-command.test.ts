/** `cocoon registry`: drafted, signed offline by two owners, submitted by anybody, applied, shown, revoked. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Address } from '@ton/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildProgram } from '#node/cli/program.ts'
import { registryTermsSchema } from '#node/registry/action-file.ts'
import { toHex } from '#protocol/bytes.ts'
import { registryAddress } from '#settlement/registry/registry.ts'
import { testContext } from '../support/cli-context.ts'
import { type OwnerHome, ownerHome } from '../support/owner-home.ts'
import { keyOf, type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'

let network: RoleNetwork
let folder: string
let anybody: OwnerHome
let terms: string
let address: string
const owners = ['owner 1', 'owner 2'].map(keyOf)
const keys: string[] = []

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'cocoon-registry-'))
  network = await startRoleNetwork()
  await network.wallet('anybody')
  anybody = ownerHome(network, 'anybody', { name: 'anybody' })
  terms = path.join(folder, 'terms.json')
  const document = {
    globalId: network.file.globalId,
    threshold: 2,
    revokeThreshold: 1,
    timelock: 86_400,
    salt: '1',
    owners: owners.map(({ publicKey }) => toHex(publicKey)),
  }
  writeFileSync(terms, JSON.stringify(document))
  address = registryAddress(registryTermsSchema.parse(document)).toRawString()
  for (const [at, { seed }] of [...owners, keyOf('stranger')].entries()) {
    keys.push(path.join(folder, `key-${at}`))
    writeFileSync(keys[at]!, `${toHex(seed)}\n`, { mode: 0o600 })
  }
})
afterAll(async () => {
  await network?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function registry(...words: string[]) {
  const { context, stdout, stderr, exitCodes } = testContext()
  await buildProgram(context).parseAsync(['registry', ...words], { from: 'user' })
  return { text: stdout(), talk: stderr(), exitCodes }
}
const onNetwork = () => anybody.flags.slice(0, 2)
const draft = (name: string) => path.join(folder, name)
const submit = (verb: string, name: string) =>
  registry(verb, draft(name), '--yes', '--json', ...anybody.flags)
const sign = (name: string, key: number) => registry('sign', draft(name), '--key', keys[key]!)
async function show() {
  const { text, exitCodes } = await registry('show', address, '--json', ...onNetwork())
  return { ...JSON.parse(text), exitCodes }
}

it('proposes a model: enough owners sign, anybody submits, and applies it after the timelock', async () => {
  const addition = draft('model.json')
  writeFileSync(
    addition,
    JSON.stringify({ kind: 'model', key: toHex(network.modelRoot), name: 'tiny' }),
  )
  const out = ['--terms', terms, '--out', draft('first')]
  await registry('propose', addition, ...out, ...onNetwork())
  await sign('first', 0)
  await expect(submit('submit', 'first')).rejects.toMatchObject({ code: 'ACTION_UNSIGNED' })
  const { talk } = await sign('first', 1)
  expect(talk).toContain(
    `decision 1: propose the model ${toHex(network.modelRoot)} by the name tiny`,
  )
  expect(JSON.parse((await submit('submit', 'first')).text).sent).toBe(true)
  expect(await show()).toMatchObject({ sequence: 1, active: 0, proposals: 1, revokedInUse: null })
  await expect(submit('apply', 'first')).rejects.toMatchObject({ code: 'TRANSACTION_FAILED' })
  network.advance(86_460)
  await submit('apply', 'first')
  expect(await show()).toMatchObject({ active: 1, proposals: 0, policy: 'none', exitCodes: [] })
})

it('revokes it with one signature, at once: show says what is in use and exits with 5', async () => {
  const out = ['--terms', terms, '--out', draft('second')]
  await registry('revoke', toHex(network.modelRoot), ...out, ...onNetwork())
  await sign('second', 1)
  await submit('submit', 'second')
  const shown = await show()
  expect(shown).toMatchObject({ sequence: 2, active: 0, revoked: 1, exitCodes: [5] })
  expect(shown.revokedInUse.key).toBe(toHex(network.modelRoot))
})

it('cancels a proposal that waits with one signature, and keeps what is paid for rent', async () => {
  const addition = draft('other.json')
  writeFileSync(
    addition,
    JSON.stringify({ kind: 'model', key: '5a'.repeat(32), meta: '77'.repeat(32) }),
  )
  const to = (name: string) => ['--terms', terms, '--out', draft(name), ...onNetwork()]
  await registry('propose', addition, ...to('waiting'))
  await sign('waiting', 0)
  await sign('waiting', 1)
  await submit('submit', 'waiting')
  expect(await show()).toMatchObject({ sequence: 3, proposals: 1 })
  await registry('cancel', draft('waiting'), ...to('cancelled'))
  const { talk } = await sign('cancelled', 0)
  expect(talk).toContain('decision 4: cancel the proposal')
  await submit('submit', 'cancelled')
  expect(await show()).toMatchObject({ sequence: 4, proposals: 0 })
  const none = registry('cancel', draft('second'), ...to('none'))
  await expect(none).rejects.toMatchObject({ code: 'ACTION_INVALID' })

  const before = await network.chain.balance(Address.parseRaw(address))
  await registry('rent', '0.5', '--terms', terms, '--yes', '--json', ...anybody.flags)
  const rentNano = (await network.chain.balance(Address.parseRaw(address))) - before
  expect(rentNano).toBeGreaterThan(499_000_000n)
  expect(rentNano).toBeLessThanOrEqual(500_000_000n)
})

it('does not overwrite a draft, and takes no stranger, loose key file or changed draft', async () => {
  const out = ['--terms', terms, '--out', draft('second')]
  const again = registry('revoke', 'aa'.repeat(32), ...out, ...onNetwork())
  await expect(again).rejects.toMatchObject({ code: 'FILE_EXISTS' })
  await expect(sign('second', 2)).rejects.toMatchObject({ code: 'NOT_AN_OWNER' })
  chmodSync(keys[0]!, 0o644)
  await expect(sign('second', 0)).rejects.toMatchObject({ code: 'KEY_FILE_INVALID' })
  const renamed = readFileSync(draft('first'), 'utf8').replace('"tiny"', '"tinx"')
  writeFileSync(draft('renamed'), renamed)
  await expect(sign('renamed', 1)).rejects.toMatchObject({ code: 'ACTION_INVALID' })
  const text = readFileSync(draft('second'), 'utf8')
  writeFileSync(draft('second'), text.replace('"sequence": 2', '"sequence": 3'))
  await expect(sign('second', 1)).rejects.toMatchObject({ code: 'ACTION_INVALID' })
})

it('names what cannot be read: no address, no registry there, terms that are none', async () => {
  await expect(registry('show')).rejects.toMatchObject({ code: 'USAGE' })
  const nowhere = registry('show', `0:${'99'.repeat(32)}`, ...onNetwork())
  await expect(nowhere).rejects.toMatchObject({ code: 'REGISTRY_UNREADABLE' })
  const odd = registry('show', 'EQ', ...onNetwork())
  await expect(odd).rejects.toMatchObject({ code: 'REGISTRY_ADDRESS' })
  writeFileSync(draft('no-terms'), '{}')
  const out = ['--terms', draft('no-terms'), '--out', draft('third')]
  const drafted = registry('revoke', 'aa'.repeat(32), ...out, ...onNetwork())
  await expect(drafted).rejects.toMatchObject({ code: 'REGISTRY_TERMS_INVALID' })
})
