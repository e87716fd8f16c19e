/**
 * Settings of the program: flag > environment > file > default. The file is `config.json` in the data
 * folder; unknown keys in it are errors, so that a typing mistake never silently does nothing.
 */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { ConfigError } from '#protocol/errors.ts'
import { LOG_LEVELS, type LogLevel } from './log.ts'

/** Port of the OpenAI-compatible API. */
const DEFAULT_API_PORT = 11435
const CONFIG_FILE = 'config.json'

export interface Settings {
  /** Folder that holds config.json and a folder for each role. */
  readonly dataRoot: string
  readonly logLevel: LogLevel
  /** What amounts are shown in; the chain's coin by default. */
  readonly coinSymbol: string
  readonly apiPort: number
  /** Base URL of a running client, when it was named. */
  readonly apiUrl: string | undefined
}

const symbol = z.string().regex(/^[A-Za-z0-9]{1,8}$/)
const port = z.coerce.number().int().min(0).max(65_535)

const fileSchema = z.strictObject({
  logLevel: z.enum(LOG_LEVELS).optional(),
  coinSymbol: symbol.optional(),
  apiPort: port.optional(),
})

const environmentSchema = z.object({
  COCOON_DATA: z.string().min(1).optional(),
  COCOON_LOG: z.enum(LOG_LEVELS).optional(),
  COCOON_SYMBOL: symbol.optional(),
  COCOON_API_PORT: port.optional(),
  COCOON_API: z.url().optional(),
})

/** @throws ConfigError CONFIG_INVALID naming the variable or the key of the file */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
  homeDir: string,
): Settings {
  const given = parse(environmentSchema, environment, 'the environment')
  const shareDir = environment['XDG_DATA_HOME'] || path.join(homeDir, '.local', 'share')
  const dataRoot = path.resolve(given.COCOON_DATA ?? path.join(shareDir, 'cocoon'))
  const file = readConfigFile(path.join(dataRoot, CONFIG_FILE))
  return {
    dataRoot,
    logLevel: given.COCOON_LOG ?? file.logLevel ?? 'warn',
    coinSymbol: given.COCOON_SYMBOL ?? file.coinSymbol ?? 'TON',
    apiPort: given.COCOON_API_PORT ?? file.apiPort ?? DEFAULT_API_PORT,
    apiUrl: given.COCOON_API,
  }
}

function readConfigFile(file: string): z.output<typeof fileSchema> {
  if (!existsSync(file)) return {}
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new ConfigError('CONFIG_INVALID', `${file} is not JSON`, { cause })
  }
  return parse(fileSchema, content, file)
}

function parse<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const name = issue.code === 'unrecognized_keys' ? issue.keys[0] : issue.path.join('.')
  throw new ConfigError('CONFIG_INVALID', `${name} in ${where}: ${issue.message}`, {
    remedy: `Correct or remove ${name}.`,
  })
}
