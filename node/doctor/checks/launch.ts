/** The server that a provider would launch, where one is described: its files, its digest, and memory for its model. */
import { asCocoonError } from '#protocol/errors.ts'
import { type Finding, fail, pass, warn } from '../finding.ts'
import type { Surroundings } from '../surroundings.ts'

const MIB = 1_048_576

export async function launch({ launch: look }: Surroundings): Promise<Finding> {
  const view = look?.()
  if (view === undefined) return pass('none: no server is launched')
  try {
    const { runtime, folder, bytesFree, bytesNeeded, swaps } = await view
    const found = `runtime ${runtime}, ${Math.floor(bytesFree / MIB)} MiB free at ${folder}`
    if (bytesNeeded === undefined) {
      return warn(
        `${found}, the model is not here`,
        'Pull it, or name a network file that says where it lies; `cocoon up` needs --model-folder otherwise.',
      )
    }
    const needed = `${found}, ${Math.ceil(bytesNeeded / MIB)} MiB needed`
    if (bytesNeeded > bytesFree) {
      return fail(needed, `Give it room: mount -o remount,size=... ${folder}, or --launch-folder.`)
    }
    if (swaps.length === 0) return pass(needed)
    return warn(
      `${needed}, swap on ${swaps.join(', ')}`,
      'Whoever owns that disk reads what is swapped, prompts and keys: swapoff -a, also at boot.',
    )
  } catch (thrown) {
    const { code, message, remedy } = asCocoonError(thrown)
    return fail(`${code}: ${message}`, remedy)
  }
}
