/**
 * A provider and a client over real libp2p and the real chain, with everything tapped: no piece of a
 * prompt or an answer is on a wire, in gossip, in a log, in an event or in a file, but where its owner
 * asked for it.
 */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { readModel } from '#inference/model/read-model.ts'
import { systemClock } from '#node/clock.ts'
import { LocalApi } from '#node/gateway/local-api-client.ts'
import { createLog } from '#node/log.ts'
import { planTestnet } from '#node/testnet/derive.ts'
import { devchainRpc } from '#node/testnet/devchain-rpc.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import { realParts } from '#node/testnet/parts.ts'
import { type RunningConfiguredPeer, runPeer } from '#node/testnet/run-peer.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { startDevchain } from '#settlement/devchain/server.ts'
import { eventually } from '../support/eventually.ts'
import { found, needlesOfText, needlesOfTokens } from '../support/leak-search.ts'
import { startWiretap, type Wiretap } from '../support/wiretap.ts'

const GLOBAL_ID = 7411
const plan = planTestnet('e2e-privacy', 1, 1)
const secret = (): string => randomBytes(6).toString('hex')
const PROMPT = `Zebra ${secret()} whispers ${secret()}: tell me everything about Cocoon, ${secret()}.`
const JOB_PROMPT = `Quokka ${secret()} asks ${secret()}: who may read this?`

let home: string
let tap: Wiretap
let chain: Awaited<ReturnType<typeof startDevchain>>
let client: RunningConfiguredPeer
let provider: RunningConfiguredPeer
let told = ''
let answer = ''
let jobAnswer = ''

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'cocoon-privacy-'))
  tap = startWiretap()
  chain = await startDevchain({ globalId: GLOBAL_ID, port: 0, clock: systemClock })
  const model = await realParts.model()
  const network = (bootstrap: readonly string[]): NetworkFile => ({
    format: 'cocoon-network/1',
    name: 'privacy',
    globalId: GLOBAL_ID,
    chainUrl: chain.url,
    bootstrap: [...bootstrap],
    models: [{ ...model }],
    simulatedManufacturerSeed: toHex(plan.manufacturerSeed),
    closeDelay: 3_600,
  })
  const emit = (event: unknown): void => {
    told += JSON.stringify(event, (_, value) => (typeof value === 'bigint' ? `${value}` : value))
  }
  const write = (line: string): void => {
    told += line
  }
  const log = createLog({ name: 'privacy', level: 'trace', write })
  const [providerPlan] = plan.providers
  const [clientPlan] = plan.clients
  for (const { walletSeed } of [providerPlan!, clientPlan!]) {
    await devchainRpc(chain.url).fund(realParts.walletAddress(walletSeed), 100_000_000_000n)
  }
  provider = await runPeer(
    {
      role: 'provider',
      ...providerPlan!,
      dataDir: path.join(home, 'provider'),
      modelId: model.id,
      modelFolder: model.folder,
      slotsTotal: 4,
    },
    { network: network([]), emit, log },
  )
  client = await runPeer(
    {
      role: 'client',
      ...clientPlan!,
      dataDir: path.join(home, 'client'),
      depositNano: 1_000_000_000n,
      apiPort: 0,
      apiPortFallback: true,
    },
    { network: network(provider.ready.addresses), emit, log },
  )
  const api = new LocalApi(client.ready.apiUrl!)
  await eventually(async () => (await api.offers()).length === 1)
  const stream = await api.chat({
    model: model.id,
    messages: [{ role: 'user', content: PROMPT }],
    maxTokens: 80,
    temperature: 1.2,
    seed: 5,
  })
  for await (const text of stream.deltas) answer += text
  const lines = [{ prompt: JOB_PROMPT, max_tokens: 40 }]
  const { id } = await api.submitJob({ model: model.id, lines })
  await eventually(async () => (await api.job(id)).status === 'done')
  jobAnswer = (await api.jobResults(id))[0]?.text ?? ''
  await api.settle()
  await client.stop()
  await provider.stop()
}, 400_000)

afterAll(async () => {
  await client?.stop()
  await provider?.stop()
  await chain?.stop()
  tap?.stop()
  await rm(home, { recursive: true, force: true })
})

const ROOT = path.resolve(import.meta.dirname, '../..')

/** The program's own words: a piece of an answer that is among them proves nothing. */
function ownWords(): string {
  return ['protocol', 'inference', 'attestation', 'settlement', 'node']
    .flatMap((room) =>
      readdirSync(path.join(ROOT, room), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => readFileSync(path.join(ROOT, room, file), 'latin1')),
    )
    .join('\n')
}

function needlesOf(tokenize: (text: string) => number[]) {
  const words = ownWords()
  const isPublic = (run: string) => words.includes(run)
  const never = () => false
  const ids = [PROMPT, JOB_PROMPT, answer, jobAnswer].map(tokenize)
  const answers = needlesOfText(answer + jobAnswer, isPublic)
  return {
    answers,
    all: [
      ...needlesOfText(PROMPT + JOB_PROMPT, never),
      ...answers,
      ...ids.flatMap(needlesOfTokens),
    ],
  }
}

it('keeps prompt and answer from every wire, gossip, chain, log, event and stored file', async () => {
  expect([answer.length > 40, jobAnswer.length > 20]).toEqual([true, true])
  const { files } = await readModel((await realParts.model()).folder, nodeCrypto)
  const tokenizer = loadChatTokenizer(files)
  // The template's own ids come first and last, and are in every chat.
  const frame = tokenizer.encodeChat([{ role: 'user', content: '' }]).length
  const tokenize = (content: string) =>
    tokenizer
      .encodeChat([{ role: 'user', content }])
      .slice(Math.ceil(frame / 2), -Math.ceil(frame / 2))
  const { answers, all } = needlesOf(tokenize)
  expect(answers.length).toBeGreaterThan(100)
  expect(all.every((needle) => needle.length >= 6)).toBe(true)

  const apiPort = Number(new URL(client.ready.apiUrl!).port)
  const owned = path.join('client', 'jobs')
  const stored = readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
  const isOwned = (file: string) => path.relative(home, file).startsWith(owned)
  const wire = tap.peers()
  const sockets = tap.sockets([apiPort])
  const everything: [string, Buffer][] = [
    ['between peers', wire],
    ['on TCP, the chain included', sockets],
    ['logs and events', Buffer.from(told)],
    ...stored
      .filter((file) => !isOwned(file))
      .map((file): [string, Buffer] => [file, readFileSync(file)]),
  ]
  const leaks = everything.flatMap(([where, bytes]) =>
    found(bytes, all).map((needle) => [where, needle.toString('latin1')]),
  )
  expect(leaks).toEqual([])

  // What was searched is what there is: offers, sessions and DHT between peers, the chain's calls.
  for (const seen of ['/cocoon/session/1', '/cocoon/7411/kad', 'cocoon-demo']) {
    expect([seen, wire.includes(seen)]).toEqual([seen, true])
  }
  expect(sockets.includes('sendBoc')).toBe(true)
  expect(told).toContain('"kind":"receipt"')
  expect(stored.some((file) => file.endsWith('.cocoon-receipt'))).toBe(true)
  // And the search finds what is there: in the owner's own answer and the owner's own results.
  const results = Buffer.concat(stored.filter(isOwned).map((file) => readFileSync(file)))
  expect(found(results, all).length).toBeGreaterThan(5)
  expect(found(tap.sockets([]), all).length).toBeGreaterThan(20)
})
