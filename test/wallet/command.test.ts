/** `cocoon wallet` from making it to withdrawing all of it, on an embedded chain. */
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Address } from '@ton/core'
import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { walletCommand } from '#node/cli/commands/wallet.ts'
import { createContext } from '#node/cli/context.ts'
import { exitCodeOf } from '#node/cli/failure.ts'
import type { Prompt } from '#node/cli/prompt.ts'
import { readConfiguration } from '#node/config/read.ts'
import { ClientDesk } from '#node/roles/client/channel-desk.ts'
import { openDataFolder } from '#node/store/data-folder.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { newMnemonic } from '#node/wallet/mnemonic.ts'
import { CocoonError } from '#protocol/errors.ts'
import { tonClientReader } from '#settlement/chain/ton-client-reader.ts'
import { topUpMessage } from '#settlement/wallet/messages.ts'
import { seedSigner } from '#settlement/wallet/signer.ts'
import { crypto, providerKey } from '../settlement/channel-fixture.ts'
import {
  callDev,
  type Network,
  startNetwork,
  TON,
  walletOf,
} from '../settlement/devchain-fixture.ts'
import { testContext } from '../support/cli-context.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const PASSPHRASE = 'five words of no meaning'
const PAYEE = new Address(0, Buffer.alloc(32, 0xcd))
const GLOBAL_ID = 7_411

let network: Network

beforeEach(async () => {
  network = await startNetwork({ globalId: GLOBAL_ID })
  // The commands have the machine's clock, and refuse a chain whose newest block is old by it.
  network.clock.timeMs = Date.now()
})

afterEach(async () => {
  await network.chain.stop()
})

interface Desk {
  readonly data: string
  /** Standard output of one command. */
  run(...words: string[]): Promise<string>
  json(...words: string[]): Promise<Record<string, unknown>>
}

function desk(prompt: Partial<Prompt> = {}, variables: Record<string, string> = {}): Desk {
  const data = temporaryFolder()
  const file = path.join(data, 'network.json')
  const { chain } = network
  writeFileSync(
    file,
    JSON.stringify({
      ...{ format: 'cocoon-network/1', name: 'wallets', globalId: GLOBAL_ID, chainUrl: chain.url },
      ...{ bootstrap: [], models: [{ id: 'cocoon/demo', root: 'ab'.repeat(32) }], closeDelay: 600 },
    }),
  )
  const { context, stdout } = testContext()
  const environment = {
    COCOON_DATA: temporaryFolder(),
    COCOON_WALLET_PASSPHRASE: PASSPHRASE,
    COCOON_SYMBOL: 'GRAM',
    ...variables,
  }
  const used = createContext({
    ...context,
    configuration: readConfiguration(environment, '/nonexistent'),
  })
  const nobody: Prompt = {
    isInteractive: false,
    hidden: () => Promise.reject(new Error('nobody')),
    confirm: () => Promise.reject(new Error('nobody')),
    input: () => Promise.resolve(''),
  }
  const run = async (...words: string[]): Promise<string> => {
    const before = stdout().length
    const program = new Command('cocoon').exitOverride()
    walletCommand(program, used, { ...nobody, ...prompt })
    const needsNetwork = !['create', 'import'].includes(words[0] ?? '')
    const where = ['--data', data, ...(needsNetwork ? ['--network', file] : [])]
    await program.parseAsync(['wallet', ...words, ...where], { from: 'user' })
    return stdout().slice(before).trim()
  }
  return { data, run, json: async (...words) => JSON.parse(await run(...words, '--json')) }
}

/** The code and the exit code of a command that fails. */
async function failure(work: Promise<unknown>): Promise<readonly [string, number]> {
  try {
    await work
  } catch (error) {
    if (error instanceof CocoonError) return [error.code, exitCodeOf(error)]
    throw error
  }
  return ['none', 0]
}

const balanceOf = (address: Address): Promise<bigint> =>
  tonClientReader(network.access).balance(address)

describe('cocoon wallet', () => {
  it('create, fund, show, withdraw: words once, coins there, amounts in the configured symbol', async () => {
    const { run, json, data } = desk()
    const made = await json('create')
    expect(made).toMatchObject({ kind: 'encrypted' })
    expect(made['words']).toHaveLength(24)
    expect(await failure(run('create'))).toEqual(['WALLET_EXISTS', 4])
    const shown = await json('show')
    expect(shown).toMatchObject({
      balanceNano: '0',
      depositsOutNano: '0',
      inFlight: null,
      symbol: 'GRAM',
    })
    expect(String(shown['nonBounceable'])).toMatch(/^UQ/)
    expect(String(shown['bounceable'])).toMatch(/^EQ/)
    const funding = await run('fund', '1.5', '--qr')
    expect(funding).toContain(`ton://transfer/${shown['nonBounceable']}?amount=1500000000`)
    expect(funding).toContain(
      `https://app.tonkeeper.com/transfer/${shown['nonBounceable']}?amount=`,
    )
    expect(funding).toMatch(/[█▀▄]{10}/)
    expect(await run('fund', '5', '--faucet')).toBe('given 5 GRAM, the wallet holds 5 GRAM')
    expect(await run('show')).toContain('balance       5 GRAM')
    const to = PAYEE.toString({ bounceable: false })
    const done = await json('withdraw', to, '2', '--yes')
    expect(done).toMatchObject({ sent: true, receivedNano: `${2n * TON}` })
    expect(await balanceOf(PAYEE)).toBe(2n * TON)
    expect(BigInt(String(done['balanceNano']))).toBeGreaterThan((299n * TON) / 100n)
    expect(BigInt(String(done['balanceAfterNano']))).toBeLessThanOrEqual(
      BigInt(String(done['balanceNano'])),
    )
    expect(readdirSync(data)).toContain('wallet.json')
  })

  it('a dry run signs nothing and needs no passphrase; nobody is asked twice where nobody sits', async () => {
    const asked: string[] = []
    const { run, json } = desk({
      isInteractive: true,
      hidden: async (question) => {
        asked.push(question)
        return PASSPHRASE
      },
      confirm: async (question) => {
        asked.push(question)
        return false
      },
    })
    await run('create')
    await run('fund', '5', '--faucet')
    asked.length = 0
    const to = PAYEE.toRawString()
    const plan = await json('withdraw', to, '2', '--dry-run')
    expect(plan).toMatchObject({ sent: false, messages: [{ to, valueNano: `${2n * TON}` }] })
    expect(asked).toEqual([])
    expect(await failure(run('withdraw', to, '2'))).toEqual(['INTERRUPTED', 130])
    expect(asked).toEqual(['Send this?'])
    expect(await balanceOf(PAYEE)).toBe(0n)
    const silent = desk()
    await silent.run('create')
    await silent.run('fund', '5', '--faucet')
    expect(await failure(silent.run('withdraw', to, '2'))).toEqual(['CONFIRMATION_NEEDED', 2])
  })

  it('refuses wrong addresses, too much, a wrong passphrase, and a folder whose peer runs', async () => {
    const { run, data } = desk({ isInteractive: true, hidden: async () => 'another passphrase' })
    await run('create')
    await run('fund', '1', '--faucet')
    const to = PAYEE.toString({ bounceable: false })
    const mistyped = `${to.slice(0, -1)}${to.endsWith('A') ? 'B' : 'A'}`
    expect(await failure(run('withdraw', mistyped, '0.5', '--yes'))).toEqual(['WALLET_ADDRESS', 2])
    expect(await failure(run('withdraw', to, '--yes'))).toEqual(['USAGE', 2])
    expect(await failure(run('withdraw', to, '1', '--yes'))).toEqual(['WALLET_BALANCE', 4])
    const folder = openDataFolder(data)
    expect(await failure(run('withdraw', to, '0.5', '--yes'))).toEqual(['STORE_LOCKED', 1])
    folder.release()
    const stranger = desk({}, { COCOON_WALLET_PASSPHRASE: 'not the passphrase' })
    copyFileSync(path.join(data, 'wallet.json'), path.join(stranger.data, 'wallet.json'))
    const guess = stranger.run('withdraw', to, '0.5', '--yes')
    expect(await failure(guess)).toEqual(['WALLET_PASSPHRASE', 4])
    expect(await failure(desk().run('show'))).toEqual(['WALLET_MISSING', 4])
    expect(await balanceOf(PAYEE)).toBe(0n)
  })

  it('import: words from a file or standard input, of the same address; a signer by its key', async () => {
    const words = (await newMnemonic()).join(' ')
    const first = desk({ input: async () => `${words}\n` })
    await first.run('import')
    const second = desk()
    const file = path.join(second.data, 'words')
    writeFileSync(file, words)
    await second.run('import', '--words-file', file, '--plain')
    expect((await first.json('show'))['raw']).toBe((await second.json('show'))['raw'])
    expect((await second.json('show'))['kind']).toBe('plain')
    const third = desk()
    const signer = `${process.execPath} ${path.resolve('examples/external-signer.ts')}`
    expect(await third.json('import', '--signer', signer)).toMatchObject({ kind: 'external' })
    await third.run('fund', '5', '--faucet')
    await third.run('withdraw', PAYEE.toRawString(), '2', '--yes')
    expect(await balanceOf(PAYEE)).toBe(2n * TON)
    expect(await failure(third.run('withdraw', PAYEE.toRawString(), '--all', '--yes'))).toEqual([
      'SIGNER_REFUSED',
      4,
    ])
  })

  it('quote: what each step costs at the prices of the chain', async () => {
    const { run, json } = desk()
    await run('create', '--plain')
    const { operations, transferNano } = await json('quote')
    const names = (operations as { name: string; feeNano: string }[]).map(({ name }) => name)
    expect(names).toEqual(['deposit', 'claim', 'close together', 'close alone', 'finish'])
    expect(BigInt(String(transferNano))).toBeGreaterThan(100_000n)
    expect(await run('quote')).toContain('GRAM')
  })
})

/** A client's folder with a deposit of 2 in a channel and 3 left in its wallet. */
async function withChannel() {
  const { data, run, json } = desk()
  await run('create', '--plain')
  const { raw } = await json('show')
  await run('fund', '5', '--faucet')
  const { seed } = JSON.parse(readFileSync(path.join(data, 'wallet.json'), 'utf8'))
  const signer = seedSigner(crypto, new Uint8Array(Buffer.from(seed, 'hex')))
  const wallet = walletOf(network.access, network.clock, 1, { signer })
  const folder = openDataFolder(data)
  const store = openPeerStore(folder.networkDir({ name: 'wallets', globalId: GLOBAL_ID }))
  const opened = ClientDesk.create(
    { crypto, clock: network.clock, store },
    {
      globalId: GLOBAL_ID,
      client: Address.parseRaw(String(raw)),
      provider: network.provider.address,
      providerKey: providerKey.publicKey,
      closeDelay: 600,
      expiresAt: Math.floor(network.clock.nowMs() / 1000) + 86_400,
    },
  )
  await wallet.send([topUpMessage(opened.state.terms, 2n * TON)])
  opened.observe(await tonClientReader(network.access).channel(opened.state.address))
  store.close()
  folder.release()
  return { run, json, channel: opened.state.address }
}

it('withdraw --all says what channels hold and when; --close starts, and later finishes, the closing', async () => {
  const { run, json, channel } = await withChannel()
  const to = PAYEE.toRawString()
  expect(await json('show')).toMatchObject({ depositsOutNano: `${2n * TON}` })
  const plan = await json('withdraw', to, '--all', '--dry-run')
  const nowS = Math.floor(network.clock.nowMs() / 1000)
  expect(plan['heldBack']).toMatchObject([{ nano: `${2n * TON}`, step: 'startClose' }])
  const [held] = plan['heldBack'] as { freeAtS: number }[]
  expect(Math.abs(held!.freeAtS - nowS - 600)).toBeLessThan(60)
  expect(await run('withdraw', to, '--all', '--dry-run')).toContain('not in the wallet yet:')
  const first = await json('withdraw', to, '--all', '--close', '--yes')
  expect(first).toMatchObject({ sent: true, unfinished: [], balanceNano: '0' })
  const arrived = await balanceOf(PAYEE)
  expect(arrived).toBeGreaterThan((29n * TON) / 10n)
  expect((await tonClientReader(network.access).channel(channel))?.closeAt).toBeGreaterThan(nowS)
  // Time alone helps until then; with coins for the fees, the rest follows.
  await callDev(network.chain, 'dev_time', { addSeconds: 601 })
  await run('fund', '0.1', '--faucet')
  expect(await json('withdraw', to, '--all', '--close', '--yes')).toMatchObject({
    balanceNano: '0',
  })
  expect((await tonClientReader(network.access).channel(channel))?.closed).toBe(true)
  expect((await balanceOf(PAYEE)) - arrived).toBeGreaterThan(2n * TON)
})
