/** Peers that hand out a small model, honestly or not, on the simulated network. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { manifestOf, manifestRoot } from '#inference/model/manifest.ts'
import {
  decodeRequest,
  encodeAnswer,
  MODEL_PROTOCOL,
  type ModelRequest,
} from '#node/models/peer-messages.ts'
import { serveModels } from '#node/models/serve.ts'
import { sharedModel } from '#node/models/shared-model.ts'
import { UploadBudget, type UploadCaps } from '#node/models/upload-budget.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { modelFilesKey } from '#protocol/model/dht-keys.ts'
import type { SignedPublication } from '#protocol/model/publication.ts'
import type { MessageStream, Transport } from '#protocol/transport.ts'
import { tinyRepository } from './hub.ts'
import { createMemoryNetwork, type MemoryNetwork } from './memory-transport.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { silentLog, testPeerRef } from './test-peers.ts'

export interface TestModel {
  readonly folder: string
  readonly root: Uint8Array
  readonly manifest: ReturnType<typeof manifestOf>
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** In a folder of its own: five files, of which one has two pieces. */
export function testModel(folder = temporaryFolder()): TestModel {
  const all = tinyRepository()
  const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json']
  const files = new Map(
    [...names, 'onnx/model_q4.onnx', 'onnx/model_q4.onnx_data'].map((name) => [
      name,
      all.get(name)!,
    ]),
  )
  mkdirSync(path.join(folder, 'onnx'), { recursive: true })
  for (const [name, bytes] of files) writeFileSync(path.join(folder, name), bytes)
  const manifest = manifestOf(files, crypto)
  return { folder, files, manifest, root: manifestRoot(manifest, crypto) }
}

export interface HonestOptions {
  readonly withWeights?: boolean
  readonly caps?: UploadCaps
  readonly publications?: readonly SignedPublication[]
  /** Waits that its rate cap asked for. */
  readonly waited?: number[]
}

export class ModelPeers {
  readonly network: MemoryNetwork = createMemoryNetwork()
  #count = 0

  join(): Transport {
    this.#count += 1
    return this.network.join(testPeerRef(this.#count))
  }

  /** Answers as providers do. */
  async honest(model: TestModel, options: HonestOptions = {}): Promise<Transport> {
    const { withWeights = true, publications = [], waited = [] } = options
    const caps = options.caps ?? { bytesPerS: 2 ** 40, bytesPerDay: 2 ** 40 }
    const transport = this.join()
    const wait = async (ms: number) => void waited.push(ms)
    await serveModels({
      ...{ transport, publications, log: silentLog },
      models: [sharedModel(model, model.folder, withWeights, crypto)],
      budget: new UploadBudget(
        caps,
        path.join(temporaryFolder(), 'uploads.json'),
        { nowMs: () => 0 },
        wait,
      ),
      signal: new AbortController().signal,
    })
    await transport.provide(modelFilesKey(crypto, model.root))
    return transport
  }

  /** Answers with what `lie` says, after the request was read. */
  async liar(
    root: Uint8Array,
    lie: (request: ModelRequest, stream: MessageStream) => Promise<Uint8Array | undefined>,
  ): Promise<Transport> {
    const transport = this.join()
    await transport.handle(MODEL_PROTOCOL, async (stream) => {
      for (;;) {
        const message = await stream.receive()
        if (message === undefined) return
        const answer = await lie(decodeRequest(message), stream)
        if (answer !== undefined) await stream.send(answer)
      }
    })
    await transport.provide(modelFilesKey(crypto, root))
    return transport
  }
}

export const found = (content: Uint8Array): Uint8Array => encodeAnswer({ kind: 'found', content })
