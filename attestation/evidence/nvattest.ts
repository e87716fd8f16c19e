/**
 * Output of NVIDIA's in-guest tool, `nvattest collect-evidence --device gpu --nonce HEX --format json`
 * (NVIDIA Attestation CLI reference): one SPDM report and one certificate chain per GPU.
 */
import { z } from 'zod'
import { GPU_DEVICES_MAX } from '#attestation/constants.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import { UnavailableError } from '#protocol/errors.ts'

/** What one GPU said. */
export interface GpuReport {
  /** SPDM GET_MEASUREMENTS request and MEASUREMENTS response, as the driver returned them. */
  readonly report: Uint8Array
  /** PEM text, leaf first. */
  readonly certificates: Uint8Array
}

const base64 = z.base64().min(4)
const outputSchema = z.object({
  result_code: z.literal(0),
  evidences: z
    .array(z.object({ evidence: base64, certificate: base64 }))
    .min(1)
    .max(GPU_DEVICES_MAX),
})

/** SPDM 1.1 GET_MEASUREMENTS with signature: version, code, two parameters; then the nonce. */
const REQUEST_HEAD_BYTES = 4
const NONCE_BYTES = 32

/** @returns arguments of the tool for a 32-byte nonce */
export function nvattestArguments(nonce: Uint8Array): string[] {
  return ['collect-evidence', '--device', 'gpu', '--nonce', toHex(nonce), '--format', 'json']
}

/**
 * @param output what the tool wrote, bounded by the caller
 * @throws UnavailableError GPU_EVIDENCE_UNAVAILABLE when it reports an error, no GPU, or another nonce
 */
export function gpuReportsFrom(output: string, nonce: Uint8Array): GpuReport[] {
  const parsed = outputSchema.safeParse(jsonOf(output))
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.') || 'the document'
    throw gpuUnavailable(`unexpected output of nvattest at ${field}`)
  }
  return parsed.data.evidences.map(({ evidence, certificate }, index) => {
    const report = new Uint8Array(Buffer.from(evidence, 'base64'))
    const found = report.subarray(REQUEST_HEAD_BYTES, REQUEST_HEAD_BYTES + NONCE_BYTES)
    if (!equal(found, nonce))
      throw gpuUnavailable(`the report of GPU ${index} is over another nonce`)
    return { report, certificates: new Uint8Array(Buffer.from(certificate, 'base64')) }
  })
}

export function gpuUnavailable(detail: string, cause?: unknown): UnavailableError {
  return new UnavailableError('GPU_EVIDENCE_UNAVAILABLE', `no GPU evidence: ${detail}`, {
    cause,
    remedy: 'Install nvattest in the guest, switch CC mode on, and run `cocoon doctor`.',
  })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
