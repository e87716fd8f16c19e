/**
 * NVIDIA's remote service as a second opinion (docs/spec/attestation.md#gpu-evidence): whoever calls the verifier
 * asked it, or did not. It can only add a refusal: nothing else of a verdict rests on it.
 */
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import type { Finding } from '#attestation/steps.ts'
import { equal } from '#protocol/bytes.ts'
import { refuse } from '../refuse.ts'

/** What the service came to about the evidence with this nonce. */
export interface GpuOpinion {
  /** The requester's nonce in the report, 32 bytes. */
  readonly nonce: Uint8Array
  /** `unknown`: no answer came. */
  readonly outcome: 'good' | 'refused' | 'unknown'
  /** For people. */
  readonly detail: string
}

/** A refusal counts wherever the service is asked; a missing answer only where the policy requires one. */
export function checkSecondOpinion(
  need: AttestationPolicy['gpu']['nras'],
  nonces: readonly Uint8Array[],
  opinions: readonly GpuOpinion[] | undefined,
): Finding<boolean> {
  const unasked = { value: true, status: 'not-required' } as const
  if (need === 'none') return { ...unasked, found: 'not asked' }
  const details = nonces.map((nonce, index) => {
    const opinion = opinions?.find((one) => equal(one.nonce, nonce))
    if (opinion?.outcome === 'refused') refuse(`GPU ${index}: ${opinion.detail}`)
    if (opinion?.outcome === 'good') return undefined
    const reason = opinion?.detail ?? 'it was not asked'
    if (need === 'required') {
      const detail = `the policy requires NVIDIA's second opinion on GPU ${index}: ${reason}`
      refuse(detail, { advice: 'fix' })
    }
    return `no answer about GPU ${index}: ${reason}`
  })
  const missing = details.filter((detail) => detail !== undefined)
  if (missing.length > 0) return { ...unasked, found: 'no answer', detail: missing.join('; ') }
  return { found: `good for ${gpuCount(nonces.length)}`, value: true }
}

export function gpuCount(count: number): string {
  return count === 1 ? '1 GPU' : `${count} GPUs`
}
