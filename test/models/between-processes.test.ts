/** Processes of the program itself: a pull that is killed, a model that goes from peer to peer, a bare client. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { peerStatusSchema } from '#node/status/status-document.ts'
import { eventually } from '#test/support/eventually.ts'
import { REPOSITORY, startHub } from '#test/support/hub.ts'
import { type CliProcess, cli, parseStatus, startCli } from '#test/support/testnet-cli.ts'

const START_LIMIT_MS = 180_000
const DATA = 'onnx/model_q4.onnx_data'

const started: CliProcess[] = []
let home: string

beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'cocoon-models-'))
})

afterAll(() => {
  for (const one of started) one.signal('SIGKILL')
  rmSync(home, { recursive: true, force: true })
})

async function start(parameters: readonly string[], dataHome: string): Promise<CliProcess> {
  const one = startCli(parameters, { home: dataHome })
  started.push(one)
  let ended: string | undefined
  void one.ended.then(({ stderr }) => {
    ended = stderr
  })
  await eventually(() => {
    if (ended !== undefined) throw new Error(ended)
    return /^ready in /m.test(one.stdout() + one.stderr())
  }, START_LIMIT_MS)
  return one
}

it(
  'kill -9 in the middle of a pull: the next one goes on with what is on the disk',
  async () => {
    const hub = await startHub()
    let held = 0
    hub.fault = ({ host, path: one }, response, bytes) => {
      if (host !== 'store' || !one.endsWith(DATA) || held > 0) return false
      held += 1
      response.writeHead(200, { 'content-length': bytes!.length })
      response.write(bytes!.subarray(0, 900_000))
      return true
    }
    const own = path.join(home, 'killed')
    const command = ['models', 'pull', REPOSITORY, '--endpoint', hub.endpoint, '--json']
    const first = startCli(command, { home: own })
    started.push(first)
    const partial = path.join(own, 'models', 'partial')
    const partOf = () => {
      const key = existsSync(partial) && readdirSync(partial).find((name) => !name.includes('.'))
      return key ? path.join(partial, key, `${DATA}.part`) : undefined
    }
    await eventually(() => {
      const part = partOf()
      return part !== undefined && existsSync(part) && statSync(part).size === 900_000
    }, START_LIMIT_MS)
    first.signal('SIGKILL')
    await first.ended
    expect(existsSync(path.join(own, 'models', 'partial'))).toBe(true)
    expect(JSON.parse((await cli(['models', 'list', '--json'], { home: own })).stdout)).toEqual([])
    const { code, stdout } = await cli(command, { home: own })
    expect(code).toBe(0)
    const ranges = hub.requests.filter(({ host, range }) => host === 'store' && range !== undefined)
    expect(ranges.map(({ range }) => range)).toEqual(['bytes=900000-'])
    const done = JSON.parse(stdout.trim().split('\n').at(-1)!)
    expect(done).toMatchObject({ kind: 'done', name: 'tiny-chat-q4' })
    const verified = await cli(['models', 'verify', done.root, '--json'], { home: own })
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, faults: [] })
  },
  START_LIMIT_MS,
)

describe('from peer to peer', () => {
  let networkFile: string
  let root: string
  let buyer: string

  beforeAll(async () => {
    await start(['testnet', '--providers', '1', '--seed', 'models'], home)
    const status = parseStatus((await cli(['testnet', 'status', '--json'], { home })).stdout)
    const network = JSON.parse(readFileSync(status.network, 'utf8'))
    root = network.models[0].root
    // A machine that holds nothing: the network file says what the model is, not where.
    networkFile = path.join(home, 'bare-network.json')
    const models = network.models.map(({ id }: { id: string }) => ({ id, root }))
    writeFileSync(networkFile, JSON.stringify({ ...network, models }))
    buyer = path.join(home, 'buyer')
  }, 2 * START_LIMIT_MS)

  it(
    'the providers of the testnet hand out no weights: nobody opted in',
    async () => {
      const pull = ['models', 'pull', '--root', root, '--network', networkFile]
      const { code, stderr } = await cli(pull, { home: buyer })
      expect(stderr).toContain('MODEL_SOURCES_EXHAUSTED')
      expect(code).toBe(3)
    },
    START_LIMIT_MS,
  )

  it(
    'a provider that shares gives the model to a fresh peer, which serves it',
    async () => {
      await start(['up', '--share-models', 'MIT', '--data', path.join(home, 'sharing')], home)
      const pull = ['models', 'pull', '--root', root, '--network', networkFile, '--json']
      let done: { name: string; root: string } | undefined
      await eventually(async () => {
        const { code, stdout } = await cli(pull, { home: buyer })
        if (code === 0) done = JSON.parse(stdout.trim().split('\n').at(-1)!)
        return code === 0
      }, START_LIMIT_MS)
      expect(done).toMatchObject({ name: 'cocoon-demo', root })
      await start(['up', '--model', 'cocoon-demo', '--network', networkFile], buyer)
      const status = await cli(['status', '--json', '--data', path.join(buyer, 'provider')], {
        home: buyer,
      })
      const served = peerStatusSchema.parse(JSON.parse(status.stdout).peers[0])
      expect(served.provider?.model).toBe('cocoon-demo')
      const rm = await cli(['models', 'rm', 'cocoon-demo', '--yes'], { home: buyer })
      expect(rm.stderr).toContain('MODEL_IN_USE')
      expect((await cli(['models', 'list', '--json'], { home: buyer })).stdout).toContain(root)
    },
    3 * START_LIMIT_MS,
  )

  it(
    'a light client without the model asks a provider for the tokenizer, and then a question',
    async () => {
      const bare = path.join(home, 'bare')
      await start(['client', '--network', networkFile], bare)
      const status = await cli(['status', '--json', '--data', path.join(bare, 'client')], {
        home: bare,
      })
      const { client } = peerStatusSchema.parse(JSON.parse(status.stdout).peers[0])
      const question = ['run', 'cocoon-demo', 'What is Cocoon?', '--json', '--api', client!.apiUrl]
      let answer = ''
      await eventually(async () => {
        const { code, stdout } = await cli(question, { home: bare })
        if (code === 0) answer = JSON.parse(stdout).answer
        return code === 0
      }, START_LIMIT_MS)
      expect(answer.length).toBeGreaterThan(20)
      const networks = path.join(bare, 'client', 'networks')
      const kept = path.join(networks, readdirSync(networks)[0]!, 'tokenizers', root)
      expect(readdirSync(kept)).toContain('tokenizer.json')
      expect(existsSync(path.join(kept, 'onnx'))).toBe(false)
    },
    2 * START_LIMIT_MS,
  )
})
