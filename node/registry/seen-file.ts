/** What was last seen of registries, for commands that have no store of a peer: one small file. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { z } from 'zod'
import type { MetaStore } from '#node/store/peer-store.ts'
import { writeDurably } from '#node/wallet/durable-file.ts'
import { ConfigError } from '#protocol/errors.ts'
import { SEEN_FILE_BYTES_MAX, SEEN_REGISTRIES_MAX } from './constants.ts'

const fileSchema = z.record(z.string().max(128), z.string().max(256))
type SeenFile = z.output<typeof fileSchema>

/**
 * Each call reads and writes the file, so that two commands see what the other kept.
 * @throws ConfigError REGISTRY_SEEN_INVALID: a file that cannot be read is never an empty one
 */
export function seenFile(file: string): MetaStore {
  return {
    meta: (key) => {
      const seen = read(file)
      return Object.hasOwn(seen, key) ? seen[key] : undefined
    },
    setMeta(key, value) {
      const { [key]: _, ...others } = read(file)
      const kept = Object.entries(others).slice(1 - SEEN_REGISTRIES_MAX)
      writeDurably(file, `${JSON.stringify(Object.fromEntries([...kept, [key, value]]))}\n`)
    },
    eraseMeta(key) {
      const { [key]: _, ...others } = read(file)
      writeDurably(file, `${JSON.stringify(others)}\n`)
    },
  }
}

function read(file: string): SeenFile {
  if (!existsSync(file)) return {}
  try {
    if (statSync(file).size > SEEN_FILE_BYTES_MAX) throw new RangeError('too large')
    return fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    throw new ConfigError('REGISTRY_SEEN_INVALID', `${file} cannot be read`, {
      cause,
      remedy: 'Remove it only if you trust your chain endpoint: older states are told by it.',
    })
  }
}
