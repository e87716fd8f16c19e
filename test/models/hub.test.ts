/** `cocoon models pull OWNER/NAME`: hosts that stall, truncate and lie; nothing bad is kept. */
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { readEncoder } from '#inference/embedding/encoder-files.ts'
import { manifestOf, manifestRoot } from '#inference/model/manifest.ts'
import { DISK_RESERVE_BYTES, HUB_TRIES_MAX } from '#node/models/constants.ts'
import { freeBytesOf } from '#node/models/disk.ts'
import { checkEndpoint, checkToken } from '#node/models/hub-http.ts'
import { parseRepositoryName } from '#node/models/hub-repository.ts'
import type { PullEvent } from '#node/models/pull-events.ts'
import { type HubPull, pullFromHub } from '#node/models/pull-from-hub.ts'
import { ModelStore } from '#node/models/store.ts'
import { verifyStored } from '#node/models/verify-stored.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { CocoonError } from '#protocol/errors.ts'
import { errorCode, rejectionCode } from '#test/support/error-code.ts'
import { eventually } from '#test/support/eventually.ts'
import { COMMIT, REPOSITORY, type SimulatedHub, startHub } from '#test/support/hub.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { writeTinyEncoder } from '#test/support/tiny-encoder.ts'

const TOKEN = 'hf_secretsecretsecret'
const MODEL = [
  'config.json',
  'onnx/model_q4.onnx',
  'onnx/model_q4.onnx_data',
  'tokenizer.json',
  'tokenizer_config.json',
]
const DATA = 'onnx/model_q4.onnx_data'

let hub: SimulatedHub
let store: ModelStore
let events: PullEvent[]
let waits: number[]

beforeEach(async () => {
  hub = await startHub()
  store = new ModelStore(temporaryFolder())
  events = []
  waits = []
})

const pull = (options: Partial<HubPull> = {}) =>
  pullFromHub({
    access: { endpoint: hub.endpoint, token: undefined, stallMs: 1_500 },
    repository: { name: REPOSITORY, revision: 'main' },
    store,
    clock: { nowMs: () => 1_000 },
    freeBytes: freeBytesOf,
    wait: async (ms) => void waits.push(ms),
    tell: (event) => void events.push(event),
    signal: new AbortController().signal,
    ...options,
  })

/** The first requests for a file's bytes go wrong in this way, then all is well. */
function failing(times: number, fault: NonNullable<SimulatedHub['fault']>): void {
  let left = times
  hub.fault = (request, response, bytes) => {
    if (request.host !== 'store' || !request.path.endsWith(DATA) || left === 0) return false
    left -= 1
    return fault(request, response, bytes)
  }
}

/** Of the largest file, as far as an unfinished pull has it on the disk. */
function partBytes(): number {
  const partial = path.join(store.dir, 'partial')
  if (!existsSync(partial)) return 0
  return readdirSync(partial)
    .map((key) => path.join(partial, key, `${DATA}.part`))
    .filter((part) => existsSync(part))
    .reduce((sum, part) => sum + statSync(part).size, 0)
}

/** What a pull that was refused may leave: parts, never something that counts as a model. */
const nothingKept = () => expect(store.list().models).toEqual([])

describe('a pull from a hub', () => {
  it('takes what a model needs, and its root is that of its files', async () => {
    const model = await pull()
    expect(model.files.map((file) => file.path)).toEqual(MODEL)
    const files = new Map(MODEL.map((one) => [one, hub.files.get(one)!]))
    expect(model.root).toEqual(manifestRoot(manifestOf(files, crypto), crypto))
    for (const [one, bytes] of files) {
      expect(new Uint8Array(readFileSync(path.join(model.folder, one)))).toEqual(
        new Uint8Array(bytes),
      )
    }
    expect(readdirSync(model.folder).sort()).toEqual(
      [
        'LICENSE',
        'README.md',
        'cocoon-model.json',
        'onnx',
        ...MODEL.filter((one) => !one.includes('/')),
      ].sort(),
    )
    expect(model).toMatchObject({
      name: 'tiny-chat-q4',
      origin: { kind: 'hub', repository: REPOSITORY, commit: COMMIT, licence: 'apache-2.0' },
    })
    expect(await verifyStored(model)).toEqual([])
    expect(hub.requests.some((one) => one.path.includes('pytorch_model.bin'))).toBe(false)
  })

  it('takes an encoder whole, and no file that its reader would pass over', async () => {
    const folder = temporaryFolder()
    await writeTinyEncoder(folder)
    const encoder = await readEncoder(folder, crypto)
    hub.files.clear()
    for (const [name, bytes] of encoder.files) hub.files.set(name, bytes)
    hub.files.set('generation_config.json', Buffer.from('{}'))
    hub.files.set('special_tokens_map.json', Buffer.from('{}'))
    const model = await pull()
    expect(model.files.map((file) => file.path)).toEqual([...encoder.files.keys()].sort())
    expect(model.root).toEqual(encoder.root)
    expect((await readEncoder(model.folder, crypto)).root).toEqual(encoder.root)
    expect(await verifyStored(model)).toEqual([])
  })

  it('--quant and --include choose the graph; the files of another one stay away', async () => {
    const full = await pull({ quantization: 'fp32' })
    expect(full.files.map((file) => file.path)).toContain('onnx/model.onnx')
    expect(full.files.map((file) => file.path)).not.toContain(DATA)
    expect(full.name).toBe('tiny-chat')
    const named = await pull({ include: ['onnx/model_q4.onnx'], name: 'mine' })
    expect(named.files.map((file) => file.path)).toContain(DATA)
    expect(named.name).toBe('mine')
    expect(await rejectionCode(pull({ quantization: 'q8' }))).toBe('MODEL_GRAPH_MISSING')
    expect(await rejectionCode(pull({ include: ['onnx/none.onnx'] }))).toBe('MODEL_GRAPH_MISSING')
  })

  it('the token goes to the hub alone, not to the store it redirects to, nor into any event', async () => {
    await pull({ access: { endpoint: hub.endpoint, token: TOKEN } })
    const [own, others] = [true, false].map((isHub) =>
      hub.requests.filter(({ host }) => (host === 'hub') === isHub),
    )
    expect(own!.every(({ authorization }) => authorization === `Bearer ${TOKEN}`)).toBe(true)
    expect(others!.length).toBeGreaterThan(0)
    expect(others!.every(({ authorization }) => authorization === undefined)).toBe(true)
    expect(JSON.stringify(events)).not.toContain(TOKEN)
  })

  it('a cut connection goes on with a range where it stopped', async () => {
    failing(1, (_, response, bytes) => {
      response.writeHead(200, { 'content-length': bytes!.length })
      response.write(bytes!.subarray(0, 500_000), () => response.destroy())
      return true
    })
    const model = await pull()
    expect(await verifyStored(model)).toEqual([])
    expect(events.find((event) => event.kind === 'retry')?.reason).toContain('broke off')
    const ranges = hub.requests.flatMap(({ host, range }) => (host === 'store' && range) || [])
    expect(ranges).toHaveLength(1)
    expect(Number(/\d+/.exec(ranges[0]!)![0])).toBeGreaterThan(0)
    expect(waits).toHaveLength(1)
  })

  it.each([
    [
      'a host that stalls',
      (_: unknown, response: import('node:http').ServerResponse, bytes: Uint8Array | undefined) => {
        response.writeHead(200, { 'content-length': bytes!.length })
        response.write(bytes!.subarray(0, 10))
        return true
      },
    ],
    [
      'a truncated body',
      (_: unknown, response: import('node:http').ServerResponse, bytes: Uint8Array | undefined) => {
        response.writeHead(200).end(bytes!.subarray(0, 70_000))
        return true
      },
    ],
    [
      'status 503',
      (_: unknown, response: import('node:http').ServerResponse) => {
        response.writeHead(503).end()
        return true
      },
    ],
    [
      'another length than the API said',
      (_: unknown, response: import('node:http').ServerResponse) => {
        response.writeHead(200, { 'content-length': 3 }).end('abc')
        return true
      },
    ],
    [
      'a packed body',
      (_: unknown, response: import('node:http').ServerResponse) => {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end('abc')
        return true
      },
    ],
  ])('%s is tried again', async (_, fault) => {
    failing(1, fault)
    expect(await verifyStored(await pull())).toEqual([])
    expect(waits.length).toBeGreaterThan(0)
  })

  it('status 429 waits as long as Retry-After says', async () => {
    failing(2, (_, response) => {
      response.writeHead(429, { 'retry-after': '17' }).end()
      return true
    })
    await pull()
    expect(waits).toEqual([17_000, 17_000])
  })

  it('wrong bytes are thrown away and fetched once more, then the pull is refused', async () => {
    const wrong: NonNullable<SimulatedHub['fault']> = (_, response, bytes) => {
      const other = Uint8Array.from(bytes!)
      other[123] = other[123]! ^ 1
      response.writeHead(200, { 'content-length': other.length }).end(other)
      return true
    }
    failing(1, wrong)
    expect(await verifyStored(await pull())).toEqual([])
    expect(events.filter((event) => event.kind === 'notice')).toEqual([
      { kind: 'notice', message: expect.stringContaining('thrown away, fetched once more') },
    ])
    failing(2, wrong)
    store = new ModelStore(temporaryFolder())
    expect(await rejectionCode(pull({ store }))).toBe('MODEL_HASH_MISMATCH')
    nothingKept()
  })

  it('wrong bytes of a small file, which only git names, are refused too', async () => {
    hub.fault = ({ path: one }, response) => {
      if (!one.endsWith('/tokenizer.json')) return false
      response.writeHead(200).end(JSON.stringify({ model: [] }).padEnd(12))
      return true
    }
    expect(await rejectionCode(pull())).toMatch(/MODEL_HASH_MISMATCH|MODEL_HUB_UNAVAILABLE/)
    nothingKept()
  })

  it('an endless body ends at the size that was named, and costs a bounded number of tries', async () => {
    failing(Number.POSITIVE_INFINITY, (_, response, bytes) => {
      response.writeHead(200)
      const chunk = new Uint8Array(bytes!.length)
      const write = (): void => {
        while (!response.destroyed && response.write(chunk));
        response.once('drain', write)
      }
      write()
      return true
    })
    expect(await rejectionCode(pull())).toMatch(/MODEL_HUB_UNAVAILABLE|MODEL_HASH_MISMATCH/)
    expect(waits.length).toBeLessThanOrEqual(2 * HUB_TRIES_MAX)
    nothingKept()
  })

  it('a range that was not asked for is not glued on', async () => {
    let asked = 0
    failing(Number.POSITIVE_INFINITY, ({ range }, response, bytes) => {
      asked += 1
      if (asked === 1) {
        response.writeHead(200, { 'content-length': bytes!.length })
        response.write(bytes!.subarray(0, 500_000), () => response.destroy())
        return true
      }
      if (range === undefined) return false
      const part = bytes!.subarray(5)
      response.writeHead(206, { 'content-range': `bytes 5-${bytes!.length - 1}/${bytes!.length}` })
      response.end(part)
      return true
    })
    expect(await verifyStored(await pull())).toEqual([])
  })

  it('a redirect to plain HTTP elsewhere, in circles, or to nothing is refused', async () => {
    for (const location of ['http://192.0.2.1/', 'file:///etc/passwd', '']) {
      hub.fault = ({ host, path: one }, response) => {
        if (host !== 'hub' || !one.endsWith(DATA)) return false
        response.writeHead(302, { location: location || one }).end()
        return true
      }
      expect(await rejectionCode(pull())).toBe('MODEL_HUB_UNAVAILABLE')
    }
    expect(hub.requests.every(({ path: one }) => !one.includes('passwd'))).toBe(true)
  })

  it('private, gated and unknown repositories have their own errors', async () => {
    for (const [status, code] of [
      [401, 'MODEL_ACCESS_REFUSED'],
      [403, 'MODEL_ACCESS_REFUSED'],
      [404, 'MODEL_NOT_FOUND'],
    ] as const) {
      hub.fault = (_, response) => {
        response.writeHead(status).end('<html>')
        return true
      }
      expect(await rejectionCode(pull())).toBe(code)
    }
    expect(waits).toEqual([])
  })

  it('a refusal says what to do: a name to check, or terms to accept', async () => {
    const remedy = async (status: number, headers: Record<string, string> = {}) => {
      hub.fault = (_, response) => {
        response.writeHead(status, headers).end()
        return true
      }
      return await pull().catch((error: CocoonError) => error.remedy)
    }
    expect(await remedy(401)).toContain('Check OWNER/NAME')
    expect(await remedy(401, { 'x-error-code': 'GatedRepo' })).toContain('private or gated')
    expect(await remedy(403)).toContain('private or gated')
  })

  it('a token that could be no header is refused before anybody is asked, and not shown', () => {
    expect(checkToken(TOKEN)).toBe(TOKEN)
    expect(checkToken(undefined)).toBeUndefined()
    for (const token of [`${TOKEN}\nx`, `${TOKEN} x`, `${TOKEN}é`]) {
      expect(() => checkToken(token)).toThrow(/^HF_TOKEN holds [^_]*$/)
    }
  })

  it('a host that hangs up is named with why it cannot be reached, and what to check', async () => {
    hub.fault = (_, response) => {
      response.destroy()
      return true
    }
    const refused = await pull().catch((error: CocoonError) => error.toDocument())
    expect(refused).toMatchObject({
      code: 'MODEL_HUB_UNAVAILABLE',
      message: expect.stringMatching(/ cannot be reached: [A-Z_]+$/),
      remedy: expect.stringContaining('HF_ENDPOINT'),
    })
  })

  it('an API that lists hostile paths, no hashes or too much is refused before a byte is fetched', async () => {
    hub.files.set('onnx/../../evil.onnx', new Uint8Array(4))
    const names = (await pull()).files.map((file) => file.path)
    expect(names).toEqual(MODEL)
    const cases: [string, (sibling: Record<string, unknown>) => void][] = [
      [
        'MODEL_UNVERIFIABLE',
        (one) => {
          delete one['blobId']
          delete one['lfs']
        },
      ],
      [
        'MODEL_FILE_TOO_LARGE',
        (one) => {
          one['size'] = 2 ** 40
          delete one['lfs']
        },
      ],
    ]
    for (const [code, change] of cases) {
      const before = hub.requests.length
      hub.fault = ({ path: one }, response) => {
        if (!one.startsWith('/api/')) return false
        const siblings = MODEL.map((rfilename) => {
          const sibling = { rfilename, size: 10, blobId: 'a'.repeat(40) }
          change(sibling)
          return sibling
        })
        response.writeHead(200).end(JSON.stringify({ sha: COMMIT, siblings }))
        return true
      }
      expect(await rejectionCode(pull({ store: new ModelStore(temporaryFolder()) }))).toBe(code)
      expect(hub.requests.length).toBe(before + 1)
    }
  })

  it('an API that answers without an end, with no JSON or another form is refused', async () => {
    for (const body of ['{"sha":', '{"sha":"x"}', '['.repeat(9 * 1024 * 1024)]) {
      hub.fault = (_, response) => {
        response.writeHead(200).end(body)
        return true
      }
      expect(await rejectionCode(pull())).toBe('MODEL_HUB_UNAVAILABLE')
    }
  })

  it('a full disk is found before anything is fetched, and says what is missing', async () => {
    const freeBytes = async () => DISK_RESERVE_BYTES + 1_000
    await expect(pull({ freeBytes })).rejects.toMatchObject({
      code: 'MODEL_DISK_FULL',
      message: 'the model needs 2 MiB more; 257 MiB are free, of which 256 MiB stay so',
    })
    expect(hub.requests).toHaveLength(1)
  })

  it('what an interrupted pull left is used, also when its end was torn', async () => {
    const controller = new AbortController()
    let sent = 0
    hub.fault = ({ host, path: one }, response, bytes) => {
      if (host !== 'store' || !one.endsWith(DATA) || sent > 0) return false
      sent += 1
      response.writeHead(200, { 'content-length': bytes!.length })
      response.write(bytes!.subarray(0, 700_000))
      return true
    }
    // Patient, so that it is broken off by the test alone, when some of the file is on the disk.
    const access = { endpoint: hub.endpoint, token: undefined, stallMs: 120_000 }
    const pulling = expect(pull({ access, signal: controller.signal })).rejects.toThrow()
    await eventually(() => partBytes() > 0)
    controller.abort()
    await pulling
    nothingKept()
    const partial = path.join(store.dir, 'partial')
    const key = readdirSync(partial).find((name) => !name.endsWith('.lock'))!
    const part = path.join(partial, key, `${DATA}.part`)
    const { size } = statSync(part)
    expect(size).toBeGreaterThan(0)
    truncateSync(part, size - 7)
    events = []
    const model = await pull()
    expect(await verifyStored(model)).toEqual([])
    expect(hub.requests.filter(({ range }) => range !== undefined).at(-1)?.range).toBe(
      `bytes=${size - 7}-`,
    )
    expect(events.find((event) => event.kind === 'plan')).toMatchObject({
      bytesHere: expect.toSatisfy((bytes: number) => bytes >= size - 7),
    })
    expect(existsSync(path.join(partial, key))).toBe(false)
  })

  it('a part whose bytes were changed on the disk is noticed', async () => {
    failing(HUB_TRIES_MAX, (_, response, bytes) => {
      response.writeHead(200, { 'content-length': bytes!.length })
      response.write(bytes!.subarray(0, 500_000), () => response.destroy())
      return true
    })
    const controller = new AbortController()
    await expect(
      pull({
        signal: controller.signal,
        wait: async () => controller.abort(new Error('enough')),
      }),
    ).rejects.toThrow()
    const partial = path.join(store.dir, 'partial')
    const key = readdirSync(partial).find((name) => !name.endsWith('.lock'))!
    const part = path.join(partial, key, `${DATA}.part`)
    const bytes = readFileSync(part)
    bytes[5] = bytes[5]! ^ 1
    writeFileSync(part, bytes)
    hub.fault = undefined
    expect(await verifyStored(await pull())).toEqual([])
  })
})

it('two processes do not pull the same into the same place', async () => {
  const slow = Promise.withResolvers<void>()
  const first = pull({ wait: () => slow.promise })
  hub.fault = ({ host }, response) => {
    if (host !== 'store') return false
    response.writeHead(503).end()
    return true
  }
  const partial = path.join(store.dir, 'partial')
  while (!existsSync(partial)) await new Promise((resolve) => setTimeout(resolve, 5))
  const key = () => readdirSync(partial).find((name) => !name.endsWith('.lock'))
  while (key() === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(errorCode(() => store.openPartial(key()!))).toBe('MODEL_PULL_RUNNING')
  hub.fault = undefined
  slow.resolve()
  await first
})

it('an endpoint is HTTPS or this machine, a repository OWNER/NAME@REVISION', () => {
  expect(checkEndpoint('https://hub.example/mirror/')).toBe('https://hub.example/mirror')
  expect(checkEndpoint('http://127.0.0.1:8080')).toBe('http://127.0.0.1:8080')
  for (const bad of [
    'http://hub.example',
    'https://u:p@hub.example',
    'ftp://x',
    'hub',
    'https://h/?q',
  ]) {
    expect(errorCode(() => checkEndpoint(bad))).toBe('MODEL_ENDPOINT_INVALID')
  }
  expect(parseRepositoryName('Owner/Name@refs/pr/3')).toEqual({
    name: 'Owner/Name',
    revision: 'refs/pr/3',
  })
  for (const bad of ['a/b/c', '../b', 'a/..', 'a/b@../x', 'a/b@', 'a b/c', 'a/b?x']) {
    expect(errorCode(() => parseRepositoryName(bad))).toBe('MODEL_NAME_INVALID')
  }
})
