/** Roles around a made-up encoder: real settlement, real sessions, the real embedding engine. */
import path from 'node:path'
import { readEncoder } from '#inference/embedding/encoder-files.ts'
import type { EmbeddingEngine } from '#inference/embedding/engine.ts'
import { createEmbeddingEngine } from '#inference/embedding/onnx-embedding-engine.ts'
import { answerEmbedding, estimateEmbedding } from '#node/roles/client/embedding.ts'
import type { EmbedRequest, EmbedResult, Spent } from '#node/roles/client-service.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { ROLE_MODEL_ID, type RoleNetwork, startRoleNetwork } from './role-harness.ts'
import type { TestClient } from './role-peers.ts'
import { ScriptedClientService } from './scripted-client-service.ts'
import { writeTinyEncoder } from './tiny-encoder.ts'

export const DECODER_ID = 'decoder'

export interface EmbeddingNetwork extends RoleNetwork {
  readonly engine: EmbeddingEngine
}

/** The network's first model is the encoder; the simulated chat model is there as `DECODER_ID`. */
export async function startEmbeddingNetwork(): Promise<EmbeddingNetwork> {
  const network = await startRoleNetwork()
  const folder = path.join(network.folder(), 'encoder')
  await writeTinyEncoder(folder, { isNormalised: true })
  const { root } = await readEncoder(folder, nodeCrypto)
  const engine = await createEmbeddingEngine({
    ...{ folder, modelId: ROLE_MODEL_ID, threads: 1, clock: network.clock },
  })
  const decoders = network.file.models.map((model) => ({ ...model, id: DECODER_ID }))
  const encoder = { id: ROLE_MODEL_ID, root: toHex(root), folder }
  return {
    ...network,
    engine,
    modelRoot: root,
    file: { ...network.file, models: [encoder, ...decoders] },
    async stop() {
      await engine[Symbol.asyncDispose]()
      await network.stop()
    },
  }
}

/** An engine that says what it is, and gives other vectors than it should. */
export function lyingEngine(
  engine: EmbeddingEngine,
  lie: (vector: Float32Array) => readonly Float32Array[],
): EmbeddingEngine {
  return {
    info: engine.info,
    embed: async (request) => (await engine.embed(request)).flatMap(lie),
    async [Symbol.asyncDispose]() {},
  }
}

export function embed(
  client: TestClient,
  inputs: EmbedRequest['inputs'],
  request: Partial<EmbedRequest> = {},
  onSpent?: (spent: Spent) => void,
): Promise<EmbedResult> {
  const { signal } = new AbortController()
  const whole = { model: ROLE_MODEL_ID, inputs, ...request }
  return answerEmbedding(client.parts(), whole, signal, onSpent)
}

/** What the gateway asks: vectors of a real client, the rest scripted. */
export class EmbeddingService extends ScriptedClientService {
  readonly #client: TestClient

  constructor(client: TestClient) {
    super()
    this.#client = client
    this.chatScript = (request, signal) => client.chatEvents(request, signal)
  }

  override embed(...[request, signal, onSpent]: Parameters<ScriptedClientService['embed']>) {
    return answerEmbedding(this.#client.parts(), request, signal, onSpent)
  }

  override estimateEmbedding(request: EmbedRequest) {
    return estimateEmbedding(this.#client.parts(), request)
  }
}
