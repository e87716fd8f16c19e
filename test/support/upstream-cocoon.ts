/**
 * Another Cocoon node's own endpoint: its real gateway over HTTP, with an engine of this process where the
 * network would be (SIMULATED).
 */
import { pino } from 'pino'
import type { ChatTokenizer, Engine } from '#inference/engine.ts'
import { systemClock } from '#node/clock.ts'
import { createGateway } from '#node/gateway/app.ts'
import { serveGateway } from '#node/gateway/serve.ts'
import type { ChatEvent, ChatRequest } from '#node/roles/client-service.ts'
import { engineSampling, outputConstraint } from '#node/roles/shared/engine-request.ts'
import { openLedgerDatabase } from '#node/spending/database.ts'
import { UnavailableError } from '#protocol/errors.ts'
import { TEST_OWNER_TOKEN } from './gateway.ts'
import { chatResult, ScriptedClientService } from './scripted-client-service.ts'

interface ServedEngine {
  readonly engine: Engine
  readonly tokenizer: ChatTokenizer
}

export interface CocoonEndpoint {
  readonly url: string
  readonly model: string
  /** Breaks off every answer, as a node that loses its last provider does. */
  crash(): void
  stop(): Promise<void>
}

const MODEL = 'cocoon/demo'

class EngineService extends ScriptedClientService {
  readonly engine: Engine
  readonly tokenizer: ChatTokenizer
  #lost = new AbortController()

  constructor({ engine, tokenizer }: ServedEngine) {
    super()
    this.engine = engine
    this.tokenizer = tokenizer
    this.chatScript = (request, signal) => this.#answer(request, signal)
  }

  override async models() {
    const { contextTokens } = this.engine.info
    const root = 'ab'.repeat(32)
    return [{ id: MODEL, kind: 'chat' as const, root, providers: 1, contextTokens }]
  }

  lose(): void {
    const lost = this.#lost
    this.#lost = new AbortController()
    lost.abort()
  }

  async *#answer(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatEvent> {
    const { tokenizer } = this
    const { stop, maxTokens, messages, topLogprobs } = request
    const { requestId, provider, tier } = chatResult()
    yield { kind: 'routed', requestId, provider, tier }
    const text = tokenizer.textStream(stop)
    const lost = this.#lost.signal
    let finish: 'stop' | 'length' = 'stop'
    for await (const event of this.engine.generate({
      promptTokenIds: tokenizer.encodeChat(messages),
      resumeTokenIds: [],
      ...{ maxTokens, stop, topLogprobs, signal: AbortSignal.any([signal, lost]) },
      sampling: engineSampling(request),
      constraint: outputConstraint(request),
    })) {
      if (event.kind === 'token') yield { kind: 'text', text: text.push(event.id), tokens: 1 }
      if (event.kind === 'end' && event.finish !== 'cancelled') finish = event.finish
    }
    if (lost.aborted) throw new UnavailableError('ENGINE_CRASHED', 'the last provider is gone')
    yield { kind: 'text', text: text.end(), tokens: 0 }
    yield { kind: 'done', result: chatResult({ model: MODEL, finish }) }
  }
}

/** @param served disposed with the endpoint */
export async function startCocoonEndpoint(
  dataDir: string,
  served: ServedEngine,
): Promise<CocoonEndpoint> {
  const service = new EngineService(served)
  const ledger = openLedgerDatabase(dataDir)
  const log = pino({ level: 'silent' })
  const parts = { service, log, clock: systemClock, version: '0.0.0', ledger, dataDir }
  const api = createGateway({ ...parts, ownerToken: TEST_OWNER_TOKEN })
  const gateway = await serveGateway({ app: api.app, host: '127.0.0.1', port: 0 })
  return {
    url: `${gateway.url}/v1`,
    model: MODEL,
    crash: () => service.lose(),
    async stop() {
      await gateway.close()
      await api.stop()
      ledger.close()
      await served.engine[Symbol.asyncDispose]()
    },
  }
}
