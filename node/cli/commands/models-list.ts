/** `cocoon models list`. */
import type { Command } from 'commander'
import { ModelStore, type StoredModel } from '#node/models/store.ts'
import { table } from '#node/text.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { CliContext } from '../context.ts'
import { bytesText, kindOf, modelDocument, originText } from '../model-text.ts'
import { withSettings } from '../settings-options.ts'

export function modelsListCommand(models: Command, context: CliContext): void {
  const list = models
    .command('list', { isDefault: true })
    .description('models in the store, the newest first')
    .option('--json', 'one JSON document to stdout')
    // As the default it gets every word that is no command: to say so beats counting arguments.
    .allowExcessArguments()
    .action((options: { readonly json?: boolean }, { args: [word] }: Command) => {
      if (word !== undefined) throw unknownCommand(word)
      const { output, settings } = context
      const { models: found, broken } = new ModelStore(settings.dataRoot).list()
      for (const folder of broken) output.talk(`no model any more, remove it: ${folder}`, 'yellow')
      if (options.json) return output.json(found.map(modelDocument))
      if (found.length > 0) return output.result(text(found))
      output.talk('no models are here; get one: cocoon models pull OWNER/NAME')
    })
  withSettings(list, [], ['dataRoot'])
}

function unknownCommand(word: string): ConfigError {
  return new ConfigError('USAGE', `models has no command "${word.slice(0, 50)}"`, {
    remedy: 'See `cocoon models --help`; `cocoon models show MODEL` shows one model.',
  })
}

function text(found: readonly StoredModel[]): string {
  return table(found, [
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'ROOT', cell: ({ rootHex }) => rootHex.slice(0, 16) },
    { title: 'KIND', cell: kindOf },
    { title: 'SIZE', cell: ({ sizeBytes }) => bytesText(sizeBytes), align: 'right' },
    { title: 'FROM', cell: ({ origin }) => originText(origin) },
    { title: 'ADDED', cell: ({ addedAtMs }) => new Date(addedAtMs).toISOString().slice(0, 10) },
  ])
}
