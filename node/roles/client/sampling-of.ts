/** The part of a request that goes to the provider besides its messages, and nothing of the rest. */
import type { AskSampling } from '#protocol/ask.ts'

export function samplingOf(request: AskSampling): AskSampling {
  const { temperature, topP, seed, stop, topK, minP } = request
  const { repetitionPenalty, frequencyPenalty, presencePenalty, logitBias } = request
  const { topLogprobs, constraint, tools, shareCache } = request
  return {
    ...{ temperature, topP, seed, stop, topK, minP },
    ...{ repetitionPenalty, frequencyPenalty, presencePenalty, logitBias },
    ...{ topLogprobs, constraint, tools, shareCache },
  }
}
