/** How many tokens a request may produce when it names no limit. */
import type { ClientService } from '#node/roles/client-service.ts'
import { DEFAULT_TOKENS_MAX } from './constants.ts'

/** Half of the model's context at most, so that a prompt of the other half fits. */
export async function defaultTokensMax(service: ClientService, modelId: string): Promise<number> {
  const model = (await service.models()).find((candidate) => candidate.id === modelId)
  const half = Math.floor((model?.contextTokens ?? 2 * DEFAULT_TOKENS_MAX) / 2)
  return Math.max(1, Math.min(DEFAULT_TOKENS_MAX, half))
}
