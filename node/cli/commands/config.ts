/** `cocoon config show|path|set|unset`: the settings, and where each comes from. */
import type { Command } from 'commander'
import {
  SETTING_NAMES,
  SETTINGS,
  type Setting,
  type SettingName,
  type Settings,
} from '#node/config/table.ts'
import { writeSetting } from '#node/config/write.ts'
import { coinsIn, table } from '#node/text.ts'
import type { CliContext } from '../context.ts'
import { effective, withSettings } from '../settings-options.ts'

interface ShowOptions extends Partial<Settings> {
  readonly origin?: boolean
  readonly json?: boolean
}

export function configCommand(program: Command, context: CliContext): void {
  const { output, configuration } = context
  const config = program
    .command('config')
    .description('settings: flag > environment > file > default')
  const show = config
    .command('show', { isDefault: true })
    .description('every setting; the flags of other commands may be tried here')
    .option('--origin', 'with where each comes from')
    .option('--json', 'one JSON document to stdout')
  withSettings(show, SETTING_NAMES)
  show.action((options: ShowOptions) => showSettings(options, context))
  config
    .command('path')
    .description('where the file is')
    .action(() => output.result(configuration.file))
  config
    .command('set')
    .description('write one key of the file')
    .argument('<key>', 'key, as in `config show`')
    .argument('<value>', 'its value')
    .action((key: string, value: string) => writeSetting(configuration.file, key, value))
  config
    .command('unset')
    .description('remove one key of the file')
    .argument('<key>', 'key, as in `config show`')
    .action((key: string) => writeSetting(configuration.file, key, undefined))
}

function showSettings(options: ShowOptions, { configuration, output }: CliContext): void {
  const values = effective(configuration.settings, flagsOf(options))
  const rows = SETTING_NAMES.map((name) => {
    const { fileKey, flag, variable, isSecret }: Setting = SETTINGS[name]
    return {
      name,
      value: isSecret && values[name] !== undefined ? '(set)' : values[name],
      origin: options[name] === undefined ? configuration.origins[name] : 'flag',
      flag: flag?.split(' ')[0],
      variable,
      key: fileKey,
    }
  })
  if (options.json) {
    output.json({ file: configuration.file, settings: rows.map(documentOf) })
    return
  }
  const origin = { title: 'ORIGIN', cell: (row: (typeof rows)[number]) => row.origin }
  output.result(
    table(rows, [
      { title: 'SETTING', cell: (row) => row.key ?? row.name },
      { title: 'VALUE', cell: ({ value }) => shown(value) },
      ...(options.origin ? [origin] : []),
      { title: 'FLAG', cell: (row) => row.flag ?? '-' },
      { title: 'VARIABLE', cell: (row) => row.variable ?? '-' },
    ]),
  )
}

function flagsOf(options: ShowOptions): Partial<Settings> {
  return Object.fromEntries(
    SETTING_NAMES.map((name: SettingName) => [name, options[name]]),
  ) as Partial<Settings>
}

/** As it is written in the file: amounts in coins. */
function shown(value: Settings[SettingName]): string {
  if (typeof value === 'bigint') return coinsIn('')(value).trim()
  return value === undefined ? '-' : String(value)
}

/** Nothing is left out, amounts are nanoTON as text: docs/spec/cli.md. */
function documentOf(row: {
  readonly name: string
  readonly value: Settings[SettingName]
  readonly origin: string
  readonly flag: string | undefined
  readonly variable: string | undefined
  readonly key: string | undefined
}) {
  const { value, flag, variable, key } = row
  return {
    ...row,
    value: typeof value === 'bigint' ? `${value}` : (value ?? null),
    flag: flag ?? null,
    variable: variable ?? null,
    key: key ?? null,
  }
}
