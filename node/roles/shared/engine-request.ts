/** What the engine is told of a request document. */
import type { OutputConstraint, SamplingParameters } from '#inference/engine.ts'
import type { AskSampling } from '#protocol/ask.ts'

/** How ids are drawn, and nothing of the rest of the request. */
export function engineSampling(document: AskSampling): SamplingParameters {
  const { temperature, topP, seed, topK, minP } = document
  const { repetitionPenalty, frequencyPenalty, presencePenalty, logitBias } = document
  const cuts = { temperature, topP, seed, topK, minP }
  return { ...cuts, repetitionPenalty, frequencyPenalty, presencePenalty, logitBias }
}

/** No channel's address: those have a colon. */
const SHARED_CACHE_KEY = 'shared'

/**
 * Whose reading of a prompt serves whom. One channel is one customer: nobody else learns by the clock what
 * this one asked before, unless both said that they share.
 */
export function cacheKeyOf({ shareCache }: AskSampling, channel: string): string {
  return shareCache === true ? SHARED_CACHE_KEY : channel
}

/** What the answer is held to; of the tools only those that it may call. */
export function outputConstraint({
  constraint,
  tools = [],
}: Pick<AskSampling, 'constraint' | 'tools'>): OutputConstraint | undefined {
  if (constraint?.kind !== 'tool_calls') return constraint
  const { kind, mode, parallel, only } = constraint
  const callable = tools.filter(({ name }) => only === undefined || name === only)
  const declared = callable.map(({ name, parameters }) => ({ name, parameters }))
  return { kind, mode, parallel, tools: declared }
}
