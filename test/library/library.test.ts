/** The library from a checkout: the package by its own name, a network in this process. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  type AskOptions,
  CocoonError,
  ConfigError,
  connect,
  SettlementError,
  startTestnet,
  type Testnet,
  UnavailableError,
  verifyReceipt,
} from 'cocoon-node'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { ModelNames } from '#node/models/names.ts'
import { networkTrust } from '#node/trust.ts'
import { writeWalletFile } from '#node/wallet/key-file.ts'
import { sealSeed } from '#node/wallet/sealing.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { walletAddress } from '#settlement/wallet/body.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

let testnet: Testnet
const events: string[] = []

beforeAll(async () => {
  const startedMs = performance.now()
  testnet = await startTestnet({ onEvent: ({ kind }) => events.push(kind) })
  // A figure for people; a busy machine must not fail it.
  console.log(
    `startTestnet: ${Math.round(performance.now() - startedMs)} ms (under 3000 when quiet)`,
  )
})

afterAll(() => testnet?.stop())

describe('startTestnet', () => {
  it('answers over HTTP to any OpenAI client, and says that its TEE is simulated', async () => {
    expect(testnet.tier).toBe('simulated')
    const response = await fetch(`${testnet.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: testnet.model,
        messages: [{ role: 'user', content: 'What is Cocoon?' }],
      }),
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('x-cocoon-tier')).toBe('simulated')
    expect(await response.text()).toContain('"content":"Cocoon is')
    expect(events).toContain('receipt')
  })

  it('refuses a size it cannot hold', async () => {
    await expect(startTestnet({ providers: 0 })).rejects.toMatchObject({ code: 'TESTNET_SIZE' })
    await expect(startTestnet({ providers: 9 })).rejects.toBeInstanceOf(ConfigError)
  })
})

describe('a client of the library', () => {
  it('asks, and gets text, verdict, price and a receipt that verifies against the chain', async () => {
    await using cocoon = await testnet.connect()
    const answer = await cocoon.ask('What is Cocoon?')
    expect(answer.text).toContain('Cocoon')
    expect(answer.verdict).toMatchObject({ ok: true, tier: 'simulated' })
    expect(answer.verdict.steps.length).toBeGreaterThan(5)
    expect(answer.priceNano).toBeGreaterThan(0n)
    expect(existsSync(answer.receipt.file)).toBe(true)
    const verdict = await verifyReceipt(answer.receipt.file, { network: testnet.network })
    expect(verdict).toMatchObject({ ok: true, level: 'acknowledged', id: answer.receipt.id })
    const saved = await verifyReceipt(answer.receipt.file, { snapshot: await testnet.snapshot() })
    expect(saved.ok).toBe(true)
    expect(cocoon.receipts().map(({ id }) => id)).toEqual([answer.receipt.id])
    const [settled] = await cocoon.settle()
    expect(settled!.claimedNano + settled!.refundedNano).toBe(settled!.depositedNano)
  })

  it('streams the same answer piece by piece; the whole of it comes from the same stream', async () => {
    await using cocoon = await testnet.connect()
    const stream = cocoon.stream('What is Cocoon?', { maxTokens: 24 })
    const pieces: string[] = []
    for await (const text of stream) pieces.push(text)
    expect(pieces.length).toBeGreaterThan(1)
    const answer = await stream.answer()
    expect(answer.text).toBe(pieces.join(''))
    expect(answer.usage.completionTokens).toBeLessThanOrEqual(24)
  })

  it('cancels a request whose loop is left, and says so when asked for the whole answer', async () => {
    await using cocoon = await testnet.connect()
    const stream = cocoon.stream('What is Cocoon?')
    for await (const _ of stream) break
    await expect(stream.answer()).rejects.toMatchObject({ code: 'ANSWER_CUT' })
  })

  it('throws typed errors with a code, a remedy and the reason of each provider', async () => {
    await using cocoon = await testnet.connect()
    const unknown = await cocoon.ask('?', { model: 'no-such-model' }).catch((error) => error)
    expect(unknown).toBeInstanceOf(ConfigError)
    expect(unknown).toBeInstanceOf(CocoonError)
    expect(unknown.code).toBe('MODEL_UNKNOWN')
    const unproven = await cocoon
      .ask('?', { tierMin: 'confidential' })
      .catch((error: unknown) => error as CocoonError)
    expect(unproven).toBeInstanceOf(UnavailableError)
    expect(unproven).toMatchObject({ code: 'NO_PROVIDER' })
    expect(Object.keys((unproven as CocoonError).data)).toHaveLength(1)
    const cheap = cocoon.ask('What is Cocoon?', { maxPriceNano: 1n })
    await expect(cheap).rejects.toBeInstanceOf(SettlementError)
    const aborted = cocoon.ask('What is Cocoon?', { signal: AbortSignal.abort() })
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('is drawn and shaped as the question says, and tells its log probabilities', async () => {
    await using cocoon = await testnet.connect()
    const shaped = await cocoon.ask('What is a receipt?', {
      ...{ maxTokens: 60, temperature: 0.7, topP: 0.9, topK: 40, minP: 0.01, seed: 7n },
      ...{ repetitionPenalty: 1.05, frequencyPenalty: 0.1, presencePenalty: 0.1 },
      ...{ logitBias: { 300: -1 }, shareCache: true, topLogprobs: 2 },
      responseFormat: {
        jsonSchema: {
          type: 'object',
          properties: { isPaid: { type: 'boolean' } },
          required: ['isPaid'],
          additionalProperties: false,
        },
      },
    })
    expect(JSON.parse(shaped.text)).toEqual({ isPaid: expect.any(Boolean) })
    expect(shaped.finish).toBe('stop')
    const bytes = shaped.logprobs?.flatMap((token) => [...token.bytes]) ?? []
    expect(new TextDecoder().decode(Uint8Array.from(bytes))).toBe(shaped.text)
    expect(shaped.logprobs?.every(({ logprob, top }) => logprob <= 0 && top.length <= 2)).toBe(true)
    const plain = await cocoon.ask('What is a receipt?', { maxTokens: 2 })
    expect(plain).toMatchObject({ toolCalls: [], logprobs: undefined, finish: 'length' })
  })

  it('names what does not go together, and a model that knows no tools', async () => {
    await using cocoon = await testnet.connect()
    const tools = [{ name: 'weather', description: 'Temperature of a city' }]
    await expect(cocoon.ask('?', { tools })).rejects.toMatchObject({ code: 'TOOLS_UNSUPPORTED' })
    for (const wrong of [
      { tools, responseFormat: 'json_object' },
      { tools, toolChoice: { only: 'news' } },
      { toolChoice: 'required' },
      { responseFormat: 'json_object', stop: ['.'] },
      { topK: 0 },
      { logitBias: { 1.5: 1 } },
    ] satisfies AskOptions[]) {
      await expect(cocoon.ask('?', wrong)).rejects.toMatchObject({ code: 'ASK_INVALID' })
    }
  })

  it('close is idempotent, and a closed client answers with an error', async () => {
    const cocoon = await testnet.connect()
    await cocoon.close()
    await cocoon.close()
    await expect(cocoon.ask('What is Cocoon?')).rejects.toBeInstanceOf(Error)
  })
})

describe('connect', () => {
  it('joins by a network file, keeps its keys, and refuses a folder that is in use', async () => {
    const home = temporaryFolder()
    const dataDir = path.join(home, 'app')
    const options = { network: testnet.network, dataDir }
    const first = await connect(options)
    const { peerId, walletAddress } = first
    expect(first.offers()).toHaveLength(1)
    await expect(connect(options)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    await first.close()
    await using again = await connect(options)
    expect([again.peerId, again.walletAddress]).toEqual([peerId, walletAddress])
  })

  it("heeds the reader's own policy, as the program does", async () => {
    const home = temporaryFolder()
    const { policy } = networkTrust(testnet.network, crypto, Date.now())
    const own = { ...policy, hardware: { ...policy.hardware, tierMin: 'genuine' } }
    const file = path.join(home, 'policy.json')
    writeFileSync(file, JSON.stringify(own))
    vi.stubEnv('COCOON_POLICY', file)
    onTestFinished(() => void vi.unstubAllEnvs())
    await using cocoon = await connect({
      network: testnet.network,
      dataDir: path.join(home, 'app'),
    })
    await expect(cocoon.ask('What is Cocoon?')).rejects.toThrow(/hardware-identity/)
  })

  it("knows the owner's pins, and sends nothing while a registry of the owner cannot be read", async () => {
    const home = temporaryFolder()
    const pinned = 'ab'.repeat(32)
    new ModelNames(home, crypto).pin('mine', pinned)
    vi.stubEnv('COCOON_DATA', home)
    vi.stubEnv('COCOON_REGISTRIES', `0:${'99'.repeat(32)}`)
    onTestFinished(() => void vi.unstubAllEnvs())
    await using cocoon = await connect({ network: testnet.network })
    const mine = (await cocoon.models()).find(({ id }) => id === 'mine')
    expect(mine).toMatchObject({ root: pinned, providers: 0 })
    await expect(cocoon.ask('What is Cocoon?')).rejects.toThrow(/no registry is at/)
  })

  it('opens a sealed wallet with its passphrase, and with no other', async () => {
    const dataDir = path.join(temporaryFolder(), 'app')
    mkdirSync(dataDir, { mode: 0o700 })
    const seed = crypto.randomBytes(32)
    const sealed = await sealSeed(seed, 'correct horse battery', 16_384)
    writeWalletFile(dataDir, sealed)
    const options = { network: testnet.network, dataDir }
    await expect(connect(options)).rejects.toMatchObject({ code: 'WALLET_PASSPHRASE_MISSING' })
    const wrong = connect({ ...options, walletPassphrase: () => 'another one of them' })
    await expect(wrong).rejects.toMatchObject({ code: 'WALLET_PASSPHRASE' })
    await using cocoon = await connect({
      ...options,
      walletPassphrase: () => 'correct horse battery',
    })
    const address = walletAddress(crypto.ed25519FromSeed(seed).publicKey, testnet.network.globalId)
    expect(cocoon.walletAddress).toBe(address.toRawString())
    expect((await cocoon.ask('What is Cocoon?')).priceNano).toBeGreaterThan(0n)
  })

  it('does not spend from a key in the clear on mainnet, and dials nobody', async () => {
    const network = { ...testnet.network, globalId: -239, chainUrl: 'http://127.0.0.1:9' }
    const dataDir = path.join(temporaryFolder(), 'app')
    const refused = connect({ network, dataDir })
    await expect(refused).rejects.toMatchObject({ code: 'WALLET_UNPROTECTED' })
    // The folder is free again: nothing of the attempt is left running.
    await using again = await connect({ network: testnet.network, dataDir })
    expect(again.offers()).toHaveLength(1)
  })

  it('names a network file that cannot be read', async () => {
    const home = temporaryFolder()
    const options = { network: path.join(home, 'none.json'), dataDir: path.join(home, 'app') }
    await expect(connect(options)).rejects.toMatchObject({ code: 'NETWORK_FILE' })
  })
})
