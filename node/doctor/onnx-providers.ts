/** Which execution providers onnxruntime has; asked in a process that may crash without us. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { z } from 'zod'
import { dependencyVersion } from '#node/version.ts'

const LOAD_TIMEOUT_MS = 4_500
const PRINT =
  "import('onnxruntime-node').then((m) => process.stdout.write(JSON.stringify(m.default.listSupportedBackends())))"

const backendsSchema = z.array(z.object({ name: z.string(), bundled: z.boolean() }))

/** @throws Error when the library cannot be loaded on this machine */
export async function onnxProviders() {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', PRINT],
    { cwd: import.meta.dirname, timeout: LOAD_TIMEOUT_MS },
  )
  const backends = backendsSchema.parse(JSON.parse(stdout))
  // What is not bundled needs libraries of a vendor; onnxruntime tells only when a session asks.
  const providers = backends.map(({ name, bundled }) => (bundled ? name : `${name} (not bundled)`))
  return { version: dependencyVersion('onnxruntime-node'), providers }
}
