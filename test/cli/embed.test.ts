/** `cocoon embed` and `--estimate`: gateway, client and provider are real, the vectors those of the engine. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { Command } from 'commander'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { embedCommand } from '#node/cli/commands/embed.ts'
import { runCommand } from '#node/cli/commands/run.ts'
import { EMBED_REQUEST_BYTES_MAX, EMBED_TEXTS_PER_REQUEST_MAX } from '#node/cli/constants.ts'
import { inRequests, type StandardInput } from '#node/cli/embed-texts.ts'
import { exitCodeOf } from '#node/cli/failure.ts'
import type { ModelView } from '#node/roles/client-service.ts'
import { asCocoonError } from '#protocol/errors.ts'
import { testContext } from '../support/cli-context.ts'
import {
  DECODER_ID,
  type EmbeddingMarket,
  EmbeddingService,
  IDS,
  startEmbeddingMarket,
  TEXTS,
} from '../support/embedding-network.ts'
import { startTestGateway } from '../support/gateway.ts'
import { ROLE_MODEL_ID } from '../support/role-harness.ts'
import { ScriptedClientService } from '../support/scripted-client-service.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

let market: EmbeddingMarket
let service: ListedService
let url: string
beforeAll(async () => {
  market = await startEmbeddingMarket()
})
afterAll(() => market?.stop())
beforeEach(async () => {
  service = new ListedService(market.client)
  url = (await startTestGateway({ service })).url
})

/** Says which of its models embed; and may be stopped before its n-th request. */
class ListedService extends EmbeddingService {
  beforeRequest: (number: number) => void = () => undefined
  listed: ModelView['kind'][] = ['embedding']
  requests = 0

  override async models(): Promise<readonly ModelView[]> {
    const root = 'ab'.repeat(32)
    return this.listed.map((kind, at) => ({
      ...{ id: at === 0 ? ROLE_MODEL_ID : `other-${at}`, kind, root },
      ...{ providers: 1, contextTokens: 256 },
    }))
  }

  override embed(...asked: Parameters<EmbeddingService['embed']>) {
    this.beforeRequest(++this.requests)
    return super.embed(...asked)
  }
}

async function embed(words: readonly string[], input: StandardInput = Readable.from([])) {
  const test = testContext()
  const program = new Command().exitOverride()
  embedCommand(program, test.context, input)
  const run = program.parseAsync(['embed', ...words, '--api', url], { from: 'user' })
  const error = run.then(() => undefined, asCocoonError)
  return { test, run, error }
}

async function lines(...asked: Parameters<typeof embed>) {
  const { test, run } = await embed(...asked)
  await run
  const out = test.stdout().trim()
  return { out: out === '' ? [] : out.split('\n').map((line) => JSON.parse(line)), test }
}

async function direct(): Promise<number[][]> {
  const { signal } = new AbortController()
  return (await market.network.engine.embed({ inputs: IDS, signal })).map((one) => Array.from(one))
}

const input = (text: string | Uint8Array) => Readable.from([Buffer.from(text)])

describe('vectors', () => {
  it('of the words are those of the engine, one a line, with route, price and receipt to stderr', async () => {
    const { out, test } = await lines(TEXTS)
    expect(out).toEqual(await direct())
    const told = test.stderr().split('\n')
    expect(told[0]).toBe(`route    ${market.provider.identity.slice(0, 12)}, tier simulated`)
    expect(told[1]).toBe('price    0.000000075 TON for 12 tokens')
    expect(told[2]).toMatch(/^receipt {2}\S/)
  })

  it.each(['--file', 'standard input', '-'])('come from lines of %s', async (from) => {
    const text = `${TEXTS.join('\r\n')}\n`
    const file = path.join(temporaryFolder(), 'texts')
    writeFileSync(file, text)
    const { out } =
      from === '--file'
        ? await lines(['--file', file])
        : await lines(from === '-' ? ['--file', '-'] : [], input(text))
    expect(out).toEqual(await direct())
  })

  it('as JSON lines have their index, their request and a sum', async () => {
    const dimensions = market.network.engine.info.dimensions
    const asked = ['--json', '--model', ROLE_MODEL_ID, '--dimensions', `${dimensions}`]
    const { out } = await lines([...TEXTS, ...asked])
    const [first, second, request, done] = out
    const expected = await direct()
    expect(first).toEqual({ kind: 'vector', index: 0, vector: expected[0] })
    expect(second).toEqual({ kind: 'vector', index: 1, vector: expected[1] })
    expect(request).toEqual({
      ...{ kind: 'request', requestId: expect.any(String), provider: market.provider.identity },
      ...{ tier: 'simulated', texts: 2, promptTokens: 12, priceNano: '75' },
      receiptId: expect.stringMatching(/./),
    })
    expect(done).toEqual({
      ...{ kind: 'done', model: ROLE_MODEL_ID, texts: 2, dimensions, requests: 1 },
      ...{ promptTokens: 12, priceNano: '75' },
    })
  })
})

describe('many texts', () => {
  const MANY = new Array(EMBED_TEXTS_PER_REQUEST_MAX + 2).fill('the')

  it('go in requests, with progress told, and one cap for all of them', async () => {
    const { out, test } = await lines(['--json'], input(MANY.join('\n')))
    const vectors = out.filter(({ kind }) => kind === 'vector')
    expect(vectors.map(({ index }) => index)).toEqual(MANY.map((_, index) => index))
    expect(out.at(-1)).toMatchObject({ texts: MANY.length, requests: 2 })
    expect(test.stderr()).toContain(`90 % of ${MANY.length} texts`)
    expect(test.stderr()).toContain('receipts 2')
    const [first] = out.filter(({ kind }) => kind === 'request')
    const cap = `0.${`${BigInt(first.priceNano) + 1n}`.padStart(9, '0')}`
    const { error, test: capped } = await embed(['--price-cap', cap], input(MANY.join('\n')))
    const refused = (await error)!
    expect(refused).toMatchObject({ code: 'PRICE_ABOVE_MAX' })
    expect(exitCodeOf(refused)).toBe(6)
    expect(capped.stdout().trim().split('\n')).toHaveLength(EMBED_TEXTS_PER_REQUEST_MAX)
    expect(capped.stderr()).toContain(`--skip ${EMBED_TEXTS_PER_REQUEST_MAX}`)
  })

  it('stop at Ctrl-C, keep what is done, and go on where they stopped', async () => {
    const test = testContext()
    service.beforeRequest = (number) => number === 2 && test.press()
    const program = new Command()
    embedCommand(program, test.context, input(MANY.join('\n')))
    const error = await program
      .parseAsync(['embed', '--api', url], { from: 'user' })
      .then(() => undefined, asCocoonError)
    expect(error).toMatchObject({
      code: 'INTERRUPTED',
      remedy: expect.stringContaining(`--skip ${EMBED_TEXTS_PER_REQUEST_MAX}`),
    })
    expect(exitCodeOf(error!)).toBe(130)
    expect(test.stdout().trim().split('\n')).toHaveLength(EMBED_TEXTS_PER_REQUEST_MAX)
    const skip = ['--skip', `${EMBED_TEXTS_PER_REQUEST_MAX}`, '--json']
    const { out } = await lines(skip, input(MANY.join('\n')))
    expect(out.slice(0, -2).map(({ index }) => index)).toEqual([64, 65])
  })

  it('stop at Ctrl-C while the standard input is still open', async () => {
    const open = new Readable({ read: () => undefined })
    const { test, run } = await embed([], open)
    test.press()
    await expect(run).rejects.toMatchObject({ name: 'AbortError' })
    expect(open.destroyed).toBe(true)
    expect(service.requests).toBe(0)
  })

  it('are parted by number and by bytes, a long text by itself, none lost', () => {
    const long = 'x'.repeat(EMBED_REQUEST_BYTES_MAX + 1)
    const half = 'ü'.repeat(EMBED_REQUEST_BYTES_MAX / 4)
    const texts = ['a', long, half, half, 'b', ...MANY]
    const parts = [...inRequests(texts)]
    expect(parts.flat()).toEqual(texts)
    expect(parts.map(({ length }) => length)).toEqual([1, 1, 2, 64, 3])
    expect([...inRequests([])]).toEqual([])
  })
})

describe('an estimate', () => {
  it('says what is then paid, and asks nobody', async () => {
    const { out } = await lines([...TEXTS, '--estimate', '--json'])
    expect(out).toEqual([
      {
        ...{ model: ROLE_MODEL_ID, requests: 1, promptTokens: 12 },
        ...{ completionTokensMax: 0, expectedCompletionTokens: 0 },
        ...{ maxPriceNano: '75', expectedPriceNano: '75', dearestPriceNano: '75' },
        offers: [
          {
            ...{ provider: market.provider.identity, accepted: true, estimatedPriceNano: '75' },
            reasons: expect.any(Array),
          },
        ],
      },
    ])
    expect(service.requests).toBe(0)
    const { test, run } = await embed([...TEXTS, '--estimate'])
    await run
    expect(test.stdout()).toContain('price    0.000000075 TON likely, 0.000000075 TON at most')
  })

  it('of a chat is on the command line, too', async () => {
    const { url: scripted } = await startTestGateway({ service: new ScriptedClientService() })
    const test = testContext()
    const program = new Command()
    runCommand(program, test.context)
    const words = ['run', 'cocoon/demo', 'Hi', '--max-tokens', '20', '--estimate', '--json']
    await program.parseAsync([...words, '--api', scripted], { from: 'user' })
    expect(JSON.parse(test.stdout())).toMatchObject({
      ...{ requests: 1, promptTokens: 9, completionTokensMax: 20, expectedPriceNano: '6000' },
      offers: [{ provider: 'provider-2' }, { provider: 'provider-1' }],
    })
  })
})

describe('what is refused', () => {
  const terminal = Object.assign(Readable.from([]), { isTTY: true })
  const refused: [string, string[], StandardInput | undefined, string, number][] = [
    ['nothing at a terminal', [], terminal, 'USAGE', 2],
    ['nothing from a pipe', [], input(''), 'USAGE', 2],
    ['words and a file', ['a', '--file', 'b'], undefined, 'USAGE', 2],
    ['everything skipped', ['a', '--skip', '1'], undefined, 'USAGE', 2],
    ['an empty line', [], input('a\n\nb\n'), 'EMBEDDING_INPUT_INVALID', 2],
    ['no UTF-8', [], input(new Uint8Array([0x61, 0xff])), 'EMBEDDING_INPUT_INVALID', 2],
    ['no such file', ['--file', '/nonexistent'], undefined, 'FILE_UNREADABLE', 2],
    ['other dimensions', ['a', '--dimensions', '7'], undefined, 'EMBEDDING_DIMENSIONS', 2],
    ['a model that chats', ['a', '--model', DECODER_ID], undefined, 'MODEL_CANNOT_EMBED', 2],
    ['a dear text', ['a', '--price-cap', '0.000000001'], undefined, 'PRICE_ABOVE_MAX', 6],
  ]
  it.each(refused)('%s', async (_, words, from, code, exitCode) => {
    const { error, test } = await embed(words, from)
    const thrown = (await error)!
    expect(thrown).toMatchObject({ code })
    expect(exitCodeOf(thrown)).toBe(exitCode)
    expect(test.stdout()).toBe('')
  })

  it.each([
    [[] as const, 'none on offer embeds'],
    [['chat'] as const, 'none on offer embeds'],
    [['embedding', 'embedding'] as const, `on offer: ${ROLE_MODEL_ID}, other-1`],
  ])('no name of a model when there are %j', async (kinds, message) => {
    service.listed = [...kinds]
    const { error } = await embed(['a'])
    expect(await error).toMatchObject({
      code: 'MODEL_NOT_NAMED',
      message: expect.stringContaining(message),
    })
  })
})
