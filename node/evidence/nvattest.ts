/** GPU evidence through NVIDIA's in-guest tool. */
import { NVATTEST_OUTPUT_BYTES_MAX } from '#attestation/evidence/constants.ts'
import {
  type GpuReport,
  gpuReportsFrom,
  gpuUnavailable,
  nvattestArguments,
} from '#attestation/evidence/nvattest.ts'
import { NVATTEST_TIMEOUT_MS } from './constants.ts'
import { runTool } from './tool.ts'

/**
 * One report for each GPU of this machine, over one nonce.
 * @param nonce 32 bytes
 * @throws UnavailableError GPU_EVIDENCE_UNAVAILABLE
 */
export async function collectGpuReports(
  nonce: Uint8Array,
  program = 'nvattest',
  timeoutMs: number = NVATTEST_TIMEOUT_MS,
): Promise<GpuReport[]> {
  const limits = { timeoutMs, outputBytesMax: NVATTEST_OUTPUT_BYTES_MAX }
  const result = await runTool(program, nvattestArguments(nonce), limits)
  if (result.kind === 'missing') throw gpuUnavailable('nvattest is not installed')
  if (result.kind === 'failed') throw gpuUnavailable(`nvattest: ${result.reason}`)
  return gpuReportsFrom(result.output, nonce)
}
