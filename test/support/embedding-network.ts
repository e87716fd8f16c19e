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
import { PRICES, TestClient, TestProvider } from './role-peers.ts'
import { ScriptedClientService } from './scripted-client-service.ts'
import { writeTinyEncoder } from './tiny-encoder.ts'

export const DECODER_ID = 'decoder'
/** Texts for the made-up encoder, and the ids that it reads in them. */
export const TEXTS = ['Hello World!', 'the cocoon spins']
export const IDS = [
  [2, 4, 5, 11, 3],
  [2, 6, 7, 8, 9, 10, 3],
]

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

export interface EmbeddingMarket {
  readonly network: EmbeddingNetwork
  readonly provider: TestProvider
  readonly client: TestClient
  stop(): Promise<void>
}

/** Such a network with one who sells vectors and one who buys them; `stop` ends all three. */
export async function startEmbeddingMarket(): Promise<EmbeddingMarket> {
  const network = await startEmbeddingNetwork()
  const prices = { ...PRICES, completionNanoPerMtok: 0n }
  const sold = { embedding: network.engine, prices }
  const provider = await TestProvider.start(network, 'seller', sold)
  const client = await TestClient.start(network, 'buyer', [provider])
  const stop = async () => {
    for (const one of [client, provider, network]) await one.stop()
  }
  return { network, provider, client, stop }
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
