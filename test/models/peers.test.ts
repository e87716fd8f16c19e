/** Models from peers that stall, truncate and lie: each piece is checked before it is written. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { byPath } from '#inference/model/manifest.ts'
import { pieceHashes } from '#inference/model/pieces.ts'
import { DISK_RESERVE_BYTES, PIECE_BLOCK_BYTES, SOURCE_ROUNDS_MAX } from '#node/models/constants.ts'
import { freeBytesOf } from '#node/models/disk.ts'
import { manifestDocument } from '#node/models/manifest-document.ts'
import { checkManifest } from '#node/models/model-paths.ts'
import { encodeAnswer, encodeHashes, type ModelRequest } from '#node/models/peer-messages.ts'
import type { PullEvent } from '#node/models/pull-events.ts'
import { type PeerPull, pullFromPeers } from '#node/models/pull-from-peers.ts'
import { ModelStore } from '#node/models/store.ts'
import { TokenizerFiles } from '#node/models/tokenizer-files.ts'
import { verifyStored } from '#node/models/verify-stored.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { modelFilesKey } from '#protocol/model/dht-keys.ts'
import type { MessageStream, Transport } from '#protocol/transport.ts'
import { errorCode, rejectionCode } from '#test/support/error-code.ts'
import { eventually } from '#test/support/eventually.ts'
import { found, ModelPeers, type TestModel, testModel } from '#test/support/model-peers.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

/** So long is silence tolerated: more than a busy machine takes for a step, since the honest must not be dropped. */
const STALL_MS = 1_000

let model: TestModel
let peers: ModelPeers
let store: ModelStore
let events: PullEvent[]
let buyer: Transport

beforeEach(() => {
  model = testModel()
  peers = new ModelPeers()
  store = new ModelStore(temporaryFolder())
  events = []
  buyer = peers.join()
})

const pull = (options: Partial<PeerPull> = {}) =>
  pullFromPeers({
    ...{ transport: buyer, crypto, root: model.root, store, stallMs: STALL_MS },
    ...{ clock: { nowMs: () => 1 }, freeBytes: freeBytesOf, name: 'tiny' },
    origin: { kind: 'peers', namedBy: 'root', publisher: null, licence: null },
    wait: async () => undefined,
    tell: (event) => void events.push(event),
    signal: new AbortController().signal,
    ...options,
  })

const partial = () => path.join(store.dir, 'partial', toHex(model.root))

/** Truth about everything; pieces go through `change`. */
const truthBut =
  (change: (bytes: Uint8Array, stream: MessageStream) => Promise<boolean | undefined>) =>
  async (request: ModelRequest, stream: MessageStream) => {
    if (request.kind === 'manifest') return found(manifestDocument(model.manifest))
    if (request.kind === 'publication') return encodeAnswer({ kind: 'absent' })
    const entry = model.manifest.find(({ pieces }) => equal(pieces, request.pieces))!
    const bytes = model.files.get(entry.path)!
    if (request.kind === 'pieceHashes') return found(encodeHashes(pieceHashes(bytes, crypto)))
    const start = request.index * 1_048_576
    const piece = Uint8Array.from(bytes.subarray(start, start + 1_048_576))
    await stream.send(found(new Uint8Array(0)))
    if (await change(piece, stream)) await sendBlocks(stream, piece)
    return undefined
  }

async function sendBlocks(stream: MessageStream, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.length; at += PIECE_BLOCK_BYTES) {
    await stream.send(piece.subarray(at, at + PIECE_BLOCK_BYTES))
  }
}

/** Every byte on the disk is a right one: written pieces equal the model, the rest are holes. */
function onlyTruthOnDisk(): void {
  for (const { path: one } of model.manifest) {
    const bytes = model.files.get(one)!
    for (const file of [path.join(partial(), one), path.join(partial(), `${one}.part`)]) {
      if (!existsSync(file)) continue
      for (const [index, kept] of pieceHashes(readFileSync(file), crypto).entries()) {
        const isHole = readFileSync(file)
          .subarray(index * 1_048_576, (index + 1) * 1_048_576)
          .every((byte) => byte === 0)
        expect(isHole || equal(kept, pieceHashes(bytes, crypto)[index]!)).toBe(true)
      }
    }
  }
}

describe('a pull from peers', () => {
  it('brings the whole model, named by its root, from one source', async () => {
    await peers.honest(model)
    const stored = await pull()
    expect(stored.rootHex).toBe(toHex(model.root))
    expect(await verifyStored(stored)).toEqual([])
    expect(existsSync(partial())).toBe(false)
  })

  it('uses several sources at once', async () => {
    const asked = new Set<string>()
    for (const name of ['a', 'b']) {
      await peers.liar(
        model.root,
        truthBut(async () => {
          asked.add(name)
          // Nobody brings a piece until both were asked for one.
          await eventually(() => asked.size === 2)
          return true
        }),
      )
    }
    expect(await verifyStored(await pull({ stallMs: 120_000 }))).toEqual([])
    expect(asked).toEqual(new Set(['a', 'b']))
  })

  const LIES: readonly [string, Parameters<typeof truthBut>[0]][] = [
    [
      'wrong bytes',
      async (bytes) => {
        bytes[bytes.length - 1]! ^= 1
        return true
      },
    ],
    [
      'a truncated piece',
      async (bytes, stream) => {
        await stream.send(bytes.subarray(0, 10))
        await stream.close()
        return false
      },
    ],
    [
      'more than the piece',
      async (bytes, stream) => {
        await stream.send(new Uint8Array(bytes.length + 70_000).subarray(0, PIECE_BLOCK_BYTES + 1))
        return false
      },
    ],
    [
      'one byte at a time',
      async (bytes, stream) => {
        await stream.send(bytes.subarray(0, 1))
        return false
      },
    ],
    ['nothing for a while', async () => false],
    [
      'an abort',
      async (_, stream) => {
        stream.abort(new Error('gone'))
        return false
      },
    ],
  ]

  it.each(LIES)(
    'of two sources the one that sends %s is dropped, the other brings all',
    async (_, lie) => {
      const liar = await peers.liar(model.root, truthBut(lie))
      await peers.honest(model)
      expect(await verifyStored(await pull())).toEqual([])
      expect(events).toContainEqual(
        expect.objectContaining({ kind: 'source', peerId: liar.self.peerId }),
      )
    },
  )

  it.each(LIES)(
    'a source that sends %s alone: refused, and only true bytes are on the disk',
    async (_, lie) => {
      await peers.liar(model.root, truthBut(lie))
      expect(await rejectionCode(pull())).toBe('MODEL_SOURCES_EXHAUSTED')
      onlyTruthOnDisk()
      expect(store.list().models).toEqual([])
    },
  )

  it('a lie about the manifest or the hashes is found before any byte is asked for', async () => {
    const others = model.manifest.map((entry) => ({ ...entry, sha256: new Uint8Array(32) }))
    for (const lie of [
      async () => found(manifestDocument(others)),
      async () => found(new Uint8Array([123])),
      async () => Uint8Array.of(9),
      async (request: ModelRequest) =>
        request.kind === 'manifest'
          ? found(manifestDocument(model.manifest))
          : found(new Uint8Array(32)),
    ]) {
      const own = new ModelPeers()
      await own.liar(model.root, lie)
      expect(await rejectionCode(pull({ transport: own.join() }))).toBe('MODEL_SOURCES_EXHAUSTED')
      expect(events.some(({ kind }) => kind === 'plan')).toBe(false)
    }
  })

  it('nobody has it: said so, after a bounded number of searches', async () => {
    let waits = 0
    const wait = async () => {
      waits += 1
    }
    expect(await rejectionCode(pull({ wait }))).toBe('MODEL_SOURCES_EXHAUSTED')
    expect(waits).toBe(SOURCE_ROUNDS_MAX - 1)
  })

  it('goes on where it stopped: pieces on the disk are checked, true ones kept, others fetched', async () => {
    let pieces = 0
    const failing = await peers.liar(
      model.root,
      truthBut(async () => {
        pieces += 1
        return pieces <= 3
      }),
    )
    expect(await rejectionCode(pull())).toBe('MODEL_SOURCES_EXHAUSTED')
    await failing.stop()
    const part = path.join(partial(), 'onnx/model_q4.onnx_data.part')
    const before = readFileSync(part)
    expect(before.length).toBe(1_048_576)
    await peers.honest(model)
    events = []
    const stored = await pull()
    expect(await verifyStored(stored)).toEqual([])
    expect(events.find(({ kind }) => kind === 'plan')).toMatchObject({
      bytesHere: expect.toSatisfy((bytes: number) => bytes > 1_048_576),
    })
    store.remove(stored)
    // The same part again, with one byte of it changed by somebody.
    expect(await rejectionCode(pull({ freeBytes: async () => 0 }))).toBe('MODEL_DISK_FULL')
    before[7]! ^= 1
    writeFileSync(part, before)
    expect(await verifyStored(await pull())).toEqual([])
  })

  it('a disk that is too small is found before a piece is asked for, one that fills up ends the pull', async () => {
    await peers.honest(model)
    const freeBytes = async () => DISK_RESERVE_BYTES + 10_000
    expect(await rejectionCode(pull({ freeBytes }))).toBe('MODEL_DISK_FULL')
    expect(readdirSync(store.dir)).toContain('partial')
  })

  it('a model that is here is not fetched again', async () => {
    await peers.honest(model)
    await pull()
    events = []
    await pull()
    expect(events).toEqual([])
  })
})

describe('a peer that hands out a model', () => {
  it('hands no weights to anybody unless its owner opted in', async () => {
    await peers.honest(model, { withWeights: false })
    expect(await rejectionCode(pull())).toBe('MODEL_SOURCES_EXHAUSTED')
    expect(existsSync(path.join(partial(), 'onnx'))).toBe(false)
  })

  it('keeps to its rate and to its bytes a day', async () => {
    const waited: number[] = []
    await peers.honest(model, { waited, caps: { bytesPerS: 65_536, bytesPerDay: 2 ** 40 } })
    await pull()
    const totalBytes = model.manifest.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    // The clock of the test stands still: each block waits for all before it.
    expect(Math.max(...waited)).toBeGreaterThan((totalBytes / 65_536 - 2) * 1_000)
    const other = new ModelPeers()
    await other.honest(model, { caps: { bytesPerS: 2 ** 40, bytesPerDay: 1_048_576 } })
    store = new ModelStore(temporaryFolder())
    const refused = await pull({ transport: other.join() }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'MODEL_SOURCES_EXHAUSTED' })
    expect(`${refused}`).toContain('busy')
  })

  it('a file that changed on its disk is not handed out', async () => {
    await peers.honest(model)
    const data = path.join(model.folder, 'onnx/model_q4.onnx_data')
    const bytes = readFileSync(data)
    bytes[3]! ^= 1
    writeFileSync(data, bytes)
    expect(await rejectionCode(pull())).toBe('MODEL_SOURCES_EXHAUSTED')
    expect(events.some(({ kind }) => kind === 'source-dropped')).toBe(false)
    onlyTruthOnDisk()
  })

  it('answers garbage with the end of the stream', async () => {
    const provider = await peers.honest(model)
    const stream = await buyer.openStream(provider.self.peerId, '/cocoon/model/1')
    await stream.send(new Uint8Array(200))
    await expect(stream.receive()).rejects.toMatchObject({ code: 'STREAM_RESET' })
  })
})

describe('a light client without the model', () => {
  it('gets the small files from a provider that sells it, checked against the root, and keeps them', async () => {
    const provider = await peers.honest(model, { withWeights: false })
    const dir = temporaryFolder()
    const files = await new TokenizerFiles({ transport: buyer, crypto }, dir).get(model.root)
    expect([...files.keys()].sort()).toEqual([
      'config.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ])
    await provider.stop()
    const again = await new TokenizerFiles({ transport: buyer, crypto }, dir).get(model.root)
    expect(again).toEqual(files)
  })

  it('kept files that were changed are fetched again; a lying provider gives none', async () => {
    const provider = await peers.honest(model, { withWeights: false })
    const dir = temporaryFolder()
    const source = new TokenizerFiles({ transport: buyer, crypto, stallMs: 300 }, dir)
    await source.get(model.root)
    writeFileSync(path.join(dir, toHex(model.root), 'tokenizer.json'), '{}')
    expect((await source.get(model.root)).get('tokenizer.json')!.length).toBeGreaterThan(2)
    await provider.stop()
    const lying = new ModelPeers()
    const lie = truthBut(async (bytes) => {
      bytes[0]! ^= 1
      return true
    })
    const liar = await lying.liar(model.root, lie)
    await liar.provide(modelFilesKey(crypto, model.root))
    const fresh = temporaryFolder()
    const refused = new TokenizerFiles({ transport: lying.join(), crypto, stallMs: 300 }, fresh)
    expect(await rejectionCode(refused.get(model.root))).toBe('MODEL_SOURCES_EXHAUSTED')
    expect(readdirSync(fresh)).toEqual([])
  })
})

it('a manifest that mixes the small files of a chat model and an encoder is refused before a file is fetched', () => {
  const entryOf = (name: string) => ({ ...model.manifest[0]!, path: name })
  const withFiles = (...names: string[]) => [...model.manifest, ...names.map(entryOf)].sort(byPath)
  expect(() => checkManifest(withFiles('1_Pooling/config.json', 'modules.json'))).not.toThrow()
  const refused = (...names: string[]) => errorCode(() => checkManifest(withFiles(...names)))
  expect(refused('modules.json', 'generation_config.json')).toBe('MODEL_MANIFEST_INVALID')
  expect(refused('2_Dense/config.json')).toBe('MODEL_PATH_REFUSED')
  expect(refused('1_Pooling/../config.json')).toBe('MODEL_PATH_REFUSED')
})
