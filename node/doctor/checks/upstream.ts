/** The server that runs the model, where one is configured: reachable, with this model, with token ids. */
import { asCocoonError } from '#protocol/errors.ts'
import { type Finding, fail, pass, warn } from '../finding.ts'
import type { Surroundings } from '../surroundings.ts'

export async function upstream({ upstream: look }: Surroundings): Promise<Finding> {
  const view = look?.()
  if (view === undefined) return pass('none: no server of somebody else runs the model')
  try {
    const { engine, exactTokenIds, model } = await view
    const found = `${engine} serves ${model}, tier open`
    if (exactTokenIds) return pass(`${found}, with token ids`)
    return warn(
      `${found}, as text: no recount, no resume`,
      'vLLM gives ids from 0.10.2 on, SGLang always: docs/OPERATING-UPSTREAM.md.',
    )
  } catch (thrown) {
    const { code, message, remedy } = asCocoonError(thrown)
    return fail(`${code}: ${message}`, remedy)
  }
}
