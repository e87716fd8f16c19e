/** Launch descriptions of the SIMULATED server program, and folders for them. */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LaunchDescription } from '#inference/upstream/launch/description.ts'
import { simulatedModelFiles } from './simulated-engine.ts'

const SERVER_PROGRAM = fileURLToPath(new URL('./launched-server-process.ts', import.meta.url))

export const sha256 = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex')

/** Of the program that runs the tests: hashed once, it is large. */
const NODE_SHA256 = sha256(readFileSync(process.execPath))

/** A folder with the small files of the simulated model, and weights that nothing reads. */
export function writeLaunchModel(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const [name, bytes] of simulatedModelFiles()) writeFileSync(path.join(folder, name), bytes)
  writeFileSync(path.join(folder, 'model.safetensors'), 'SIMULATED: no weights')
}

/** By relative path, of the files that the folder holds now. */
function digestsOf(folder: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => [name, sha256(readFileSync(path.join(folder, name)))]),
  )
}

export function launchOf(
  modelFolder: string,
  options: {
    readonly root?: string
    readonly more?: readonly string[]
    readonly names?: readonly string[]
    readonly listensElsewhere?: boolean
  } = {},
): LaunchDescription {
  const { root = '00'.repeat(32), more = [], listensElsewhere = false } = options
  const names = options.names ?? [...simulatedModelFiles().keys(), 'model.safetensors']
  return {
    format: 'cocoon-launch/1',
    executable: { path: process.execPath, sha256: NODE_SHA256 },
    arguments: [SERVER_PROGRAM, '--port', '{port}', '--model', '{model}', ...more],
    environment: { NAMED: 'by the description' },
    files: [{ path: SERVER_PROGRAM, sha256: sha256(readFileSync(SERVER_PROGRAM)) }],
    model: { root, files: digestsOf(modelFolder, names) },
    dialect: 'vllm',
    servedModel: 'simulated',
    listensElsewhere,
  }
}

export function launchFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'cocoon-launch-test-'))
}
