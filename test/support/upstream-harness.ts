/** An upstream engine in front of a SIMULATED server, and requests to it. */
import type { GenerateEvent, GenerateRequest } from '#inference/engine.ts'
import {
  createUpstreamEngine,
  type UpstreamEngine,
  type UpstreamEngineOptions,
} from '#inference/upstream/upstream-engine.ts'
import { systemClock } from '#node/clock.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { simulatedModelFiles } from './simulated-engine.ts'
import { type UpstreamServerOptions, UpstreamTestServer } from './upstream-server.ts'

/** Closes what a test opened, the last first. */
export class UpstreamHarness {
  readonly #disposables: (() => Promise<void>)[] = []

  async start(options: UpstreamServerOptions = {}): Promise<UpstreamTestServer> {
    const server = await UpstreamTestServer.start(options)
    this.#disposables.push(() => server.stop())
    return server
  }

  async open(
    server: UpstreamTestServer,
    options: Partial<UpstreamEngineOptions> = {},
  ): Promise<UpstreamEngine> {
    const engine = await createUpstreamEngine({
      ...{ url: server.url, modelId: server.model, crypto: nodeCrypto, fetch: globalThis.fetch },
      files: simulatedModelFiles(),
      modelRoot: new Uint8Array(32),
      clock: systemClock,
      timeoutSignal: AbortSignal.timeout,
      ...options,
    })
    this.#disposables.push(async () => engine[Symbol.asyncDispose]())
    return engine
  }

  async close(): Promise<void> {
    for (const dispose of this.#disposables.splice(0).reverse()) await dispose()
  }
}

/** 24 tokens at most, drawn, of a chat with one message. */
export function upstreamRequest(
  server: UpstreamTestServer,
  parts: Partial<GenerateRequest> = {},
): GenerateRequest {
  const messages = [{ role: 'user' as const, content: 'What?' }]
  return {
    promptTokenIds: server.engine.tokenizer.encodeChat(messages),
    ...{ messages, resumeTokenIds: [], maxTokens: 24, stop: [] },
    sampling: { temperature: 2, topP: 1, seed: 3n },
    signal: new AbortController().signal,
    ...parts,
  }
}

export async function readAnswer(events: AsyncIterable<GenerateEvent>) {
  const ids: number[] = []
  let last: GenerateEvent | undefined
  for await (const event of events) {
    if (event.kind === 'token') ids.push(event.id)
    last = event
  }
  return { ids, last }
}
