/** Changes one key of config.json and leaves the others as they are. */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { writePrivateFile } from '#node/testnet/run-folder.ts'
import { parseSetting, readConfigFile, settingOfKey } from './read.ts'

/**
 * Undefined removes the key, so that its default holds again.
 * @throws ConfigError CONFIG_KEY_UNKNOWN, CONFIG_INVALID; the file then stays as it was
 */
export function writeSetting(file: string, key: string, value: string | undefined): void {
  const name = settingOfKey(key, 'config.json')
  if (value !== undefined) parseSetting(name, value, key)
  const { [key]: _, ...others } = readConfigFile(file)
  const content = value === undefined ? others : { ...others, [key]: value }
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  writePrivateFile(file, `${JSON.stringify(content, undefined, 2)}\n`)
}
