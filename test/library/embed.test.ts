/**
 * An encoder's way through a network of real peers: its provider hands it out, a second machine pulls and sells
 * it, a client of the library that has none of its files embeds with it.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  type CocoonClient,
  ConfigError,
  connect,
  type Embeddings,
  type NetworkFile,
  SettlementError,
  startTestnet,
  verifyReceipt,
} from 'cocoon-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEmbeddingEngine } from '#inference/embedding/onnx-embedding-engine.ts'
import { buildProgram } from '#node/cli/program.ts'
import { systemClock } from '#node/clock.ts'
import { ModelStore } from '#node/models/store.ts'
import { EMBEDDING_INPUTS_MAX } from '#protocol/constants.ts'
import { testContext } from '../support/cli-context.ts'
import { ENCODER_ID, startEncoderProvider, withEncoder } from '../support/encoder-provider.ts'
import { eventually } from '../support/eventually.ts'
import { ENCODER_WIDTH, writeTinyEncoder } from '../support/tiny-encoder.ts'

const TEXTS = ['Hello World!', 'the cocoon spins']
const cleanup = new AsyncDisposableStack()
let network: NetworkFile
let folder: string
let dataDir: string
let cocoon: CocoonClient
let first: Awaited<ReturnType<typeof startEncoderProvider>>
let root: string

beforeAll(async () => {
  const home = mkdtempSync(path.join(tmpdir(), 'cocoon-embed-'))
  cleanup.defer(() => rmSync(home, { recursive: true, force: true }))
  folder = path.join(home, 'encoder')
  dataDir = path.join(home, 'client')
  await writeTinyEncoder(folder, { isNormalised: true })
  const testnet = cleanup.use(await startTestnet())
  network = await withEncoder(testnet.network, folder)
  root = network.models.at(-1)!.root
  first = await startEncoderProvider(network, {
    ...{ name: 'encoder-1', dataDir: path.join(home, 'encoder-1'), folder },
    share: { licence: 'MIT', bytesPerS: 2 ** 30, bytesPerDay: 2 ** 40, publications: [] },
  })
  cleanup.defer(() => first.stop())
  cocoon = cleanup.use(await connect({ network, dataDir }))
  await eventually(() => offers() > 0)
})
afterAll(() => cleanup.disposeAsync())

const offers = () => cocoon.offers().filter(({ modelId }) => modelId === ENCODER_ID).length

describe('embed', () => {
  it('gives the vectors of the engine itself, their usage, price and a receipt that verifies', async () => {
    const { vectors, ...rest } = await cocoon.embed(TEXTS)
    await using engine = await createEmbeddingEngine({
      ...{ folder, modelId: ENCODER_ID, threads: 1, clock: systemClock },
    })
    const ids = [
      [2, 4, 5, 11, 3],
      [2, 6, 7, 8, 9, 10, 3],
    ]
    expect(vectors).toEqual(
      await engine.embed({ inputs: ids, signal: AbortSignal.timeout(60_000) }),
    )
    expect(vectors.map((one) => [one.constructor, one.length])).toEqual(
      vectors.map(() => [Float32Array, ENCODER_WIDTH]),
    )
    expect(rest).toMatchObject({
      model: ENCODER_ID,
      tier: 'simulated',
      usage: { promptTokens: 12 },
    })
    expect(rest.priceNano).toBeGreaterThan(0n)
    const { priceNano } = rest
    expect(await cocoon.estimateEmbed(TEXTS)).toMatchObject({
      ...{ promptTokens: 12, maxPriceNano: priceNano, expectedPriceNano: priceNano },
      ...{ dearestPriceNano: priceNano, completionTokensMax: 0, offers: [{ accepted: true }] },
    })
    const verdict = await verifyReceipt(rest.receipt.file, { network })
    expect(verdict).toMatchObject({ ok: true, id: rest.receipt.id })
    const one = await cocoon.embed(TEXTS[0]!, { dimensions: ENCODER_WIDTH })
    expect(one.vectors).toEqual(vectors.slice(0, 1))
    expect((await cocoon.embed(ids)).vectors).toEqual(vectors)
  })

  it('counted with small files that came from the provider, and holds none of the weights', async () => {
    await cocoon.embed(TEXTS)
    const networks = path.join(dataDir, 'networks')
    const kept = path.join(networks, readdirSync(networks)[0]!, 'tokenizers', root)
    expect(readdirSync(kept, { recursive: true }).sort()).toEqual([
      ...['1_Pooling', '1_Pooling/config.json', 'config.json', 'manifest.json', 'modules.json'],
      ...['sentence_bert_config.json', 'tokenizer.json', 'tokenizer_config.json'],
    ])
  })

  it('a chat takes the model that chats, and each refuses what is for the other', async () => {
    const { model } = await cocoon.ask('What is Cocoon?', { maxTokens: 2 })
    expect(model).not.toBe(ENCODER_ID)
    const wrong: [() => Promise<unknown>, string][] = [
      [() => cocoon.embed(TEXTS, { model }), 'MODEL_CANNOT_EMBED'],
      [() => cocoon.ask('?', { model: ENCODER_ID }), 'MODEL_EMBEDS_ONLY'],
      [() => cocoon.embed(TEXTS, { model: 'nobody' }), 'MODEL_UNKNOWN'],
      [() => cocoon.embed(TEXTS, { dimensions: 7 }), 'EMBEDDING_DIMENSIONS'],
      [() => cocoon.embed([]), 'ASK_INVALID'],
      [() => cocoon.embed('the '.repeat(100)), 'EMBEDDING_INPUT_INVALID'],
      [() => cocoon.embed(new Array(EMBEDDING_INPUTS_MAX + 1).fill('a')), 'EMBEDDING_TOO_LARGE'],
    ]
    for (const [asked, code] of wrong) {
      const error = await asked().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(ConfigError)
      expect(error).toMatchObject({ code })
    }
    const estimated = cocoon.estimateEmbed(TEXTS, { model: 'nobody' })
    await expect(estimated).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' })
    const cheap = cocoon.embed(TEXTS, { maxPriceNano: 1n })
    await expect(cheap).rejects.toBeInstanceOf(SettlementError)
    const aborted = cocoon.embed(TEXTS, { signal: AbortSignal.abort() })
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
  })
})

it('a second machine pulls the encoder from the first, verifies it, and sells it when the first is gone', async () => {
  const { vectors, provider } = await cocoon.embed(TEXTS)
  const test = testContext()
  const networkFile = path.join(dataDir, '..', 'network.json')
  writeFileSync(networkFile, JSON.stringify(network))
  const run = (...words: string[]) =>
    buildProgram(test.context).parseAsync(['models', ...words], { from: 'user' })
  await run('pull', '--root', root, '--network', networkFile, '--json')
  const done = JSON.parse(test.stdout().trim().split('\n').at(-1)!)
  expect(done).toMatchObject({ kind: 'done', modelKind: 'embedding', name: ENCODER_ID, root })
  const pulled = new ModelStore(test.context.settings.dataRoot).find(ENCODER_ID).folder
  await run('verify', ENCODER_ID)
  expect(test.exitCodes).toEqual([])
  expect(existsSync(path.join(pulled, '1_Pooling', 'config.json'))).toBe(true)

  await first.stop()
  const second = await startEncoderProvider(network, {
    ...{ name: 'encoder-2', dataDir: path.join(dataDir, '..', 'encoder-2'), folder: pulled },
  })
  cleanup.defer(() => second.stop())
  let again: Embeddings | undefined
  await eventually(async () => {
    again = await cocoon.embed(TEXTS).catch(() => undefined)
    return again !== undefined
  })
  expect(again).toMatchObject({ vectors, model: ENCODER_ID })
  expect(again?.provider).not.toBe(provider)
})
