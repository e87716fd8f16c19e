/** Every secret value under a data folder, so that the bundle can be searched for it. */
import { globSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'

const KEY_FILES = [
  '**/keys.json',
  '**/wallet.json',
  '**/config/*.json',
  '**/owner-token',
  '**/*token*',
  '**/network.json',
]
const KEY_FILE_BYTES_MAX = 1_048_576
/** Shorter texts are words. */
const SECRET_CHARS_MIN = 12
const SECRET_NAMES = /seed|secret|private|mnemonic|token|password/i

export function knownSecrets(dataRoot: string): readonly string[] {
  const files = KEY_FILES.flatMap((pattern) => globSync(pattern, { cwd: dataRoot }))
  const secrets = [...new Set(files)].flatMap((file) => secretsIn(path.join(dataRoot, file)))
  return [...new Set(secrets)].sort((a, b) => b.length - a.length)
}

function secretsIn(file: string): readonly string[] {
  try {
    const about = statSync(file)
    if (!about.isFile() || about.size > KEY_FILE_BYTES_MAX) return []
    const text = readFileSync(file, 'utf8')
    if (!file.endsWith('.json')) return text.trim().length < SECRET_CHARS_MIN ? [] : [text.trim()]
    return secretValues(JSON.parse(text), false)
  } catch {
    return []
  }
}

/** Texts below a name that says secret, at any depth. */
function secretValues(value: unknown, isSecret: boolean): readonly string[] {
  if (typeof value === 'string') return isSecret && value.length >= SECRET_CHARS_MIN ? [value] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    secretValues(inner, isSecret || SECRET_NAMES.test(name)),
  )
}
