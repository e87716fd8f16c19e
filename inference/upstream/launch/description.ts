/**
 * What the launcher starts, in one document: executable, arguments, environment, and the SHA-256 of every file
 * of the model (docs/spec/attestation.md, "Launched servers"). Its digest is in the runtime digest.
 */
import { posix } from 'node:path'
import { z } from 'zod'
import { DIALECT_NAMES } from '../dialects/dialect.ts'
import {
  LAUNCH_ARGUMENTS_MAX,
  LAUNCH_DESCRIPTION_BYTES_MAX,
  LAUNCH_FILES_MAX,
  LAUNCH_MODEL_FILES_MAX,
  LAUNCH_SERVED_MODEL_CHARS_MAX,
  LAUNCH_TEXT_CHARS_MAX,
  LAUNCH_VARIABLES_MAX,
} from './constants.ts'
import { launchInvalid } from './errors.ts'
import { hasEachMember } from './members.ts'
import { checkArguments, checkEnvironment } from './refusals.ts'

/** Stands for the port of 127.0.0.1 that the launcher chose. */
const PORT_PLACEHOLDER = '{port}'
/** Stands for the folder with the private copy of the model. */
const MODEL_PLACEHOLDER = '{model}'
/** All that is filled in; `{work}` is the empty folder in memory that this run works in. */
const PLACEHOLDERS = /\{(port|model|work)\}/g

const hex32 = z.string().regex(/^[0-9a-f]{64}$/)
/** The kernel ends one at its first zero byte; halves of a character are all the same bytes in the digest. */
const text = z
  .string()
  .max(LAUNCH_TEXT_CHARS_MAX)
  .refine((one) => !one.includes('\0') && one.isWellFormed())
const absolutePath = text.refine((path) => posix.isAbsolute(path) && posix.normalize(path) === path)
/** Plain names with single slashes between them: none hidden, none that leaves the folder. */
const relativePath = text.regex(/^[A-Za-z0-9_][A-Za-z0-9._+-]*(\/[A-Za-z0-9_][A-Za-z0-9._+-]*)*$/)
const measuredFile = z.strictObject({ path: absolutePath, sha256: hex32 })

const atMost = (entriesMax: number) => (record: Readonly<Record<string, string>>) =>
  Object.keys(record).length <= entriesMax

const schema = z.strictObject({
  format: z.literal('cocoon-launch/1'),
  /** No link: the file itself. */
  executable: measuredFile,
  arguments: z.array(text).max(LAUNCH_ARGUMENTS_MAX),
  /** All of it: nothing is inherited. */
  environment: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/), text)
    .refine(atMost(LAUNCH_VARIABLES_MAX)),
  /** Further files that must be what they were: scripts, templates, libraries. */
  files: z.array(measuredFile).max(LAUNCH_FILES_MAX),
  model: z.strictObject({
    /** The root under which it is sold. */
    root: hex32,
    /** By path in the folder: all that the server gets to see. */
    files: z.record(relativePath, hex32).refine(atMost(LAUNCH_MODEL_FILES_MAX)),
  }),
  dialect: z.enum(DIALECT_NAMES),
  /** Name of the model at the server. */
  servedModel: text.min(1).max(LAUNCH_SERVED_MODEL_CHARS_MAX),
  /** Whether its processes may listen beyond loopback on other ports than the one that is asked. */
  listensElsewhere: z.boolean(),
})

export type LaunchDescription = z.infer<typeof schema>

/**
 * @throws ConfigError LAUNCH_INVALID, LAUNCH_REFUSED
 */
export function parseLaunchDescription(document: string): LaunchDescription {
  if (Buffer.byteLength(document) > LAUNCH_DESCRIPTION_BYTES_MAX) throw launchInvalid('its size')
  const parsed = schema.safeParse(jsonOf(document))
  if (!parsed.success) throw launchInvalid(parsed.error.issues[0]?.path.join('.') || 'its form')
  const { data } = parsed
  if (!hasEachMember(document, data)) throw launchInvalid('a name that stands twice')
  const given = data.arguments
  const values = [...given, ...Object.values(data.environment)]
  if (!given.some((one) => one.includes(PORT_PLACEHOLDER))) throw launchInvalid(PORT_PLACEHOLDER)
  if (!values.some((one) => one.includes(MODEL_PLACEHOLDER))) throw launchInvalid(MODEL_PLACEHOLDER)
  checkArguments(given)
  checkEnvironment(Object.keys(data.environment))
  return data
}

function jsonOf(document: string): unknown {
  try {
    return JSON.parse(document)
  } catch {
    return undefined
  }
}

export interface LaunchPlaces {
  /** Of 127.0.0.1. */
  readonly port: number
  /** Folder of the private copy. */
  readonly modelFolder: string
  /** Of this run alone. */
  readonly workFolder: string
}

/** Arguments and environment with the places filled in. */
export function commandOf(
  description: LaunchDescription,
  { port, modelFolder: model, workFolder: work }: LaunchPlaces,
) {
  const places: Readonly<Record<string, string>> = { port: `${port}`, model, work }
  const filled = (one: string): string =>
    one.replace(PLACEHOLDERS, (_, place: string) => places[place] ?? '')
  const environment = Object.entries(description.environment)
  return {
    executable: description.executable.path,
    arguments: description.arguments.map(filled),
    environment: Object.fromEntries(environment.map(([name, value]) => [name, filled(value)])),
  }
}
