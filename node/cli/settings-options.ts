/** Gives a command the flags of its settings, and its help the variables and keys it reads. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseSetting } from '#node/config/read.ts'
import {
  defaultOf,
  SETTINGS,
  type Setting,
  type SettingName,
  type Settings,
} from '#node/config/table.ts'
import { CocoonError } from '#protocol/errors.ts'

/** A longer name still ends before its description. */
const VARIABLE_CHARS = 19

/**
 * @param flags settings that the command takes flags for
 * @param others settings that it reads from the environment and the file only
 */
export function withSettings(
  command: Command,
  flags: readonly SettingName[],
  others: readonly SettingName[] = [],
): Command {
  for (const name of flags) {
    const option = optionOf(name)
    if (option !== undefined) command.addOption(option)
  }
  const lines = [...flags, ...others].flatMap((name) => {
    const { variable, fileKey, description } = SETTINGS[name] as Setting
    if (variable === undefined) return []
    const key = fileKey === undefined ? '' : ` (config.json: ${fileKey})`
    return [`  ${variable.padEnd(VARIABLE_CHARS)} ${description}${key}`]
  })
  if (lines.length === 0) return command
  return command.addHelpText('after', `\nEnvironment:\n${lines.join('\n')}`)
}

/** What a command uses: its flags over the environment, the file and the default. */
export function effective(
  settings: Settings,
  flags: { readonly [Name in SettingName]?: Settings[Name] | undefined },
): Settings {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined)
  return { ...settings, ...Object.fromEntries(given) }
}

/** Stands for the flag, which commander names itself. */
const VALUE = 'value'

/** Undefined: the setting has no flag. Its value arrives under the setting's own name. */
function optionOf(name: SettingName): Option | undefined {
  const setting = SETTINGS[name] as Setting
  if (setting.flag === undefined) return undefined
  const value = defaultOf(setting)
  const note = value === undefined ? '' : ` (default: ${value})`
  return new NamedOption(setting.flag, `${setting.description}${note}`, name).argParser((text) => {
    try {
      return parseSetting(name, text, VALUE)
    } catch (error) {
      const reason = error instanceof CocoonError ? error.message : 'not allowed'
      throw new InvalidArgumentError(`${reason.replace(`${VALUE}: `, 'It ')}.`)
    }
  })
}

/** Commander names a value after its flag; here it has the name of its setting. */
class NamedOption extends Option {
  readonly #name: SettingName

  constructor(flags: string, description: string, name: SettingName) {
    super(flags, description)
    this.#name = name
  }

  override attributeName(): string {
    return this.#name
  }
}
