/** A client whose requests are counted and timed. */
import type { ChatEvent, ClientService } from '#node/roles/client-service.ts'
import type { PeerMetrics, RequestOutcome } from './peer-metrics.ts'

export function measuredService(service: ClientService, metrics: PeerMetrics): ClientService {
  return {
    ...service,
    chat: (...parameters) => measured(service.chat(...parameters), parameters[1], metrics),
  }
}

async function* measured(
  events: ReturnType<ClientService['chat']>,
  signal: AbortSignal,
  metrics: PeerMetrics,
): AsyncGenerator<ChatEvent> {
  const request = metrics.request()
  let outcome: RequestOutcome = 'cancelled'
  let isFirst = true
  try {
    for await (const event of events) {
      if (event.kind === 'text' && isFirst) {
        isFirst = false
        request.firstToken()
      }
      if (event.kind === 'done') {
        const { promptTokens, cachedTokens, completionTokens } = event.result.usage
        request.tokens(promptTokens, cachedTokens, completionTokens)
        outcome = 'answered'
        // Here as well: a reader that has its result need not read on to the end.
        request.ended(outcome)
      }
      yield event
    }
  } catch (thrown) {
    if (!signal.aborted) outcome = 'failed'
    throw thrown
  } finally {
    request.ended(outcome)
  }
}
