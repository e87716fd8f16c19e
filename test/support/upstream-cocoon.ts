/**
 * Another Cocoon node's own endpoint: its real gateway over HTTP, with the SIMULATED engine where the
 * network would be.
 */
import { pino } from 'pino'
import { systemClock } from '#node/clock.ts'
import { createGateway } from '#node/gateway/app.ts'
import { serveGateway } from '#node/gateway/serve.ts'
import type { ChatEvent, ChatRequest } from '#node/roles/client-service.ts'
import { engineSampling, outputConstraint } from '#node/roles/shared/engine-request.ts'
import { openLedgerDatabase } from '#node/spending/database.ts'
import { TEST_OWNER_TOKEN } from './gateway.ts'
import { chatResult, ScriptedClientService } from './scripted-client-service.ts'
import { createSimulatedEngine, type SimulatedEngine } from './simulated-engine.ts'

export interface CocoonEndpoint {
  readonly url: string
  readonly model: string
  readonly engine: SimulatedEngine
  /** Breaks off every answer, as a node that loses its last provider does. */
  crash(): void
  stop(): Promise<void>
}

const MODEL = 'cocoon/demo'

class EngineService extends ScriptedClientService {
  readonly engine: SimulatedEngine

  constructor(engine: SimulatedEngine) {
    super()
    this.engine = engine
    this.chatScript = (request, signal) => this.#answer(request, signal)
  }

  override async models() {
    const { contextTokens } = this.engine.info
    const root = 'ab'.repeat(32)
    return [{ id: MODEL, kind: 'chat' as const, root, providers: 1, contextTokens }]
  }

  async *#answer(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatEvent> {
    const { tokenizer } = this.engine
    const { stop, maxTokens, messages, topLogprobs } = request
    const { requestId, provider, tier } = chatResult()
    yield { kind: 'routed', requestId, provider, tier }
    const text = tokenizer.textStream(stop)
    let finish: 'stop' | 'length' = 'stop'
    for await (const event of this.engine.generate({
      promptTokenIds: tokenizer.encodeChat(messages),
      resumeTokenIds: [],
      ...{ maxTokens, stop, signal, topLogprobs },
      sampling: engineSampling(request),
      constraint: outputConstraint(request),
    })) {
      if (event.kind === 'token') yield { kind: 'text', text: text.push(event.id), tokens: 1 }
      if (event.kind === 'end' && event.finish !== 'cancelled') finish = event.finish
    }
    yield { kind: 'text', text: text.end(), tokens: 0 }
    yield { kind: 'done', result: chatResult({ model: MODEL, finish }) }
  }
}

export async function startCocoonEndpoint(dataDir: string): Promise<CocoonEndpoint> {
  const engine = createSimulatedEngine({ slotsTotal: 64, keepsPrefixes: false })
  const service = new EngineService(engine)
  const ledger = openLedgerDatabase(dataDir)
  const log = pino({ level: 'silent' })
  const parts = { service, log, clock: systemClock, version: '0.0.0', ledger, dataDir }
  const api = createGateway({ ...parts, ownerToken: TEST_OWNER_TOKEN })
  const gateway = await serveGateway({ app: api.app, host: '127.0.0.1', port: 0 })
  return {
    url: `${gateway.url}/v1`,
    model: MODEL,
    engine,
    crash: () => engine.crash(),
    async stop() {
      await gateway.close()
      await api.stop()
      ledger.close()
      await engine[Symbol.asyncDispose]()
    },
  }
}
