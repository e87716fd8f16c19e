/**
 * What an engine cannot hold by its nature, why, and by which error it says so: the only place where the
 * engine contract asks less of one implementation than of another. Where a case is listed the suite asserts
 * the refusal instead; what is listed without one is not promised (docs/OPERATING-UPSTREAM.md). Engines that
 * decode here, natively, by onnxruntime's JavaScript API or on WebGPU, have no exception.
 */

/** Names of fields as the API has them, and of what spans several fields. */
export type EngineFeature =
  | 'token ids'
  | 'random numbers by position'
  | 'resume with penalties'
  | 'resume with a constraint'
  | 'top_k'
  | 'min_p'
  | 'repetition_penalty'
  | 'logit_bias'
  | 'logprobs'
  | 'tools'
  | 'verify'

export interface EngineException {
  readonly reason: string
  /** What the error must be; absent where nothing can be refused, as nothing is promised. */
  readonly refusal?: { readonly code: string; readonly data?: Readonly<Record<string, unknown>> }
}

export type EngineExceptions = Partial<Readonly<Record<EngineFeature, EngineException>>>

const unasked = (field: string): Required<EngineException> => ({
  reason: `the server's API has no ${field}, or not one that means the same`,
  refusal: { code: 'UPSTREAM_FIELD', data: { field } },
})

const cannotResume = (reason: string): EngineException => ({
  reason,
  refusal: { code: 'UPSTREAM_NO_RESUME' },
})

const ANY_UPSTREAM: EngineExceptions = {
  verify: {
    reason: 'the server has the weights: nothing can be replayed here',
    refusal: { code: 'VERIFY_UNSUPPORTED' },
  },
}

/** Servers that are given ids and answer in ids take what is resumed for a part of the prompt. */
const READS_RESUMED_AS_PROMPT: EngineExceptions = {
  'random numbers by position': {
    reason: 'its generator begins anew with every request; only the delivered prefix is promised',
  },
  'resume with penalties': cannotResume(
    'its frequency and presence penalties count what it generated, not what it was given',
  ),
  'resume with a constraint': cannotResume('its grammar begins anew with every request'),
}

export const VLLM_EXCEPTIONS: EngineExceptions = { ...ANY_UPSTREAM, ...READS_RESUMED_AS_PROMPT }

export const SGLANG_EXCEPTIONS: EngineExceptions = {
  ...{ ...ANY_UPSTREAM, ...READS_RESUMED_AS_PROMPT },
  logit_bias: unasked('logit_bias'),
  logprobs: unasked('logprobs'),
}

const TEXT_ONLY: EngineExceptions = {
  'token ids': cannotResume('text comes back, not the ids that were sampled: none to go on from'),
  logprobs: unasked('logprobs'),
  tools: unasked('tools'),
}

export const LLAMA_CPP_EXCEPTIONS: EngineExceptions = { ...ANY_UPSTREAM, ...TEXT_ONLY }

/** Any server with OpenAI's API, another Cocoon node's endpoint included. */
export const OPENAI_EXCEPTIONS: EngineExceptions = {
  ...{ ...ANY_UPSTREAM, ...TEXT_ONLY },
  top_k: unasked('top_k'),
  min_p: unasked('min_p'),
  repetition_penalty: unasked('repetition_penalty'),
}
