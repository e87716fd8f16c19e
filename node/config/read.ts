/**
 * Reads the settings: environment > file > default, each with where it came from; flags are laid over
 * them by the command that has them. A name that nobody knows is an error with the nearest known one,
 * so that a typing mistake never silently does nothing.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import type { z } from 'zod'
import { ConfigError } from '#protocol/errors.ts'
import { nearest } from './nearest.ts'
import { SETTING_NAMES, SETTINGS, type Setting, type SettingName, type Settings } from './table.ts'

export type Origin = 'flag' | 'environment' | 'file' | 'default'

export interface Configuration {
  readonly settings: Settings
  readonly origins: Readonly<Record<SettingName, Origin>>
  /** Path of config.json, which may be missing. */
  readonly file: string
}

const CONFIG_FILE = 'config.json'
const CONFIG_FILE_BYTES_MAX = 65_536
const PREFIX = 'COCOON_'

/** @throws ConfigError CONFIG_INVALID, CONFIG_KEY_UNKNOWN, VARIABLE_UNKNOWN, each naming the culprit */
export function readConfiguration(
  environment: Readonly<Record<string, string | undefined>>,
  homeDir: string,
): Configuration {
  refuseUnknownVariables(environment)
  const shareDir = environment['XDG_DATA_HOME'] || path.join(homeDir, '.local', 'share')
  const dataRoot = path.resolve(
    fromEnvironment('dataRoot', environment) ?? path.join(shareDir, 'cocoon'),
  )
  const file = path.join(dataRoot, CONFIG_FILE)
  const content = readConfigFile(file)
  const values: Partial<Record<SettingName, unknown>> = {}
  const origins: Partial<Record<SettingName, Origin>> = {}
  for (const name of SETTING_NAMES) {
    const setting: Setting = SETTINGS[name]
    const inEnvironment = fromEnvironment(name, environment)
    const inFile = setting.fileKey === undefined ? undefined : content[setting.fileKey]
    const parsedFile =
      inFile === undefined ? undefined : parseSetting(name, inFile, `${setting.fileKey} in ${file}`)
    origins[name] =
      inEnvironment !== undefined ? 'environment' : inFile !== undefined ? 'file' : 'default'
    values[name] = inEnvironment ?? parsedFile ?? setting.default
  }
  values.dataRoot = dataRoot
  // A network named in the file lies beside the file, not beside whoever runs a command.
  if (origins.network === 'file') values.network = path.resolve(dataRoot, String(values.network))
  return { settings: values as Settings, origins: origins as Configuration['origins'], file }
}

/** Only what the table says a setting may be. @throws ConfigError CONFIG_INVALID */
export function parseSetting<Name extends SettingName>(
  name: Name,
  value: unknown,
  where: string,
): Settings[Name] {
  const schema: z.ZodType<Settings[Name], unknown> = SETTINGS[name].schema
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new ConfigError('CONFIG_INVALID', `${where}: ${issue?.message ?? 'not allowed'}`, {
    remedy: `Correct or remove it: ${SETTINGS[name].description}.`,
  })
}

/** @throws ConfigError CONFIG_KEY_UNKNOWN */
export function settingOfKey(key: string, where: string): SettingName {
  const name = SETTING_NAMES.find((one) => (SETTINGS[one] as Setting).fileKey === key)
  if (name !== undefined) return name
  const known = SETTING_NAMES.flatMap((one) => (SETTINGS[one] as Setting).fileKey ?? [])
  throw new ConfigError('CONFIG_KEY_UNKNOWN', `${key} in ${where} is no setting`, {
    remedy: suggestion(key, known),
  })
}

/** @throws ConfigError CONFIG_INVALID, CONFIG_KEY_UNKNOWN */
export function readConfigFile(file: string): Readonly<Record<string, unknown>> {
  if (!existsSync(file)) return {}
  let content: unknown
  try {
    if (statSync(file).size > CONFIG_FILE_BYTES_MAX) throw new Error('too large')
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new ConfigError('CONFIG_INVALID', `${file} is not JSON`, { cause })
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new ConfigError('CONFIG_INVALID', `${file} is not a JSON object`)
  }
  for (const key of Object.keys(content)) settingOfKey(key, file)
  return content as Record<string, unknown>
}

function fromEnvironment<Name extends SettingName>(
  name: Name,
  environment: Readonly<Record<string, string | undefined>>,
): Settings[Name] | undefined {
  const { variable } = SETTINGS[name] as Setting
  const value = variable === undefined ? undefined : environment[variable]
  return value === undefined
    ? undefined
    : parseSetting(name, value, `${variable} in the environment`)
}

function refuseUnknownVariables(environment: Readonly<Record<string, string | undefined>>): void {
  const known = SETTING_NAMES.flatMap((name) => (SETTINGS[name] as Setting).variable ?? [])
  for (const name of Object.keys(environment)) {
    if (!name.startsWith(PREFIX) || known.includes(name)) continue
    throw new ConfigError('VARIABLE_UNKNOWN', `${name} in the environment is no setting`, {
      remedy: suggestion(name, known),
    })
  }
}

function suggestion(word: string, known: readonly string[]): string {
  const meant = nearest(word, known)
  return meant === undefined
    ? `Remove it; known are ${known.join(', ')}.`
    : `Did you mean ${meant}?`
}
