/** `cocoon models show`. */
import type { Command } from 'commander'
import { ModelStore } from '#node/models/store.ts'
import { pairs, table } from '#node/text.ts'
import { toHex } from '#protocol/bytes.ts'
import type { CliContext } from '../context.ts'
import { bytesText, kindOf, licenceText, modelDocument, originText } from '../model-text.ts'
import { withSettings } from '../settings-options.ts'

export function modelsShowCommand(models: Command, context: CliContext): void {
  const show = models
    .command('show')
    .description('one model: its root, where it came from, its files')
    .argument('<model>', 'name, root, or the first eight digits of the root')
    .option('--json', 'one JSON document to stdout')
    .action((selector: string, options: { readonly json?: boolean }) => {
      const { output, settings } = context
      const model = new ModelStore(settings.dataRoot).find(selector)
      if (options.json) return output.json(modelDocument(model))
      const files = table(model.files, [
        { title: 'FILE', cell: ({ path }) => path },
        { title: 'SIZE', cell: ({ sizeBytes }) => bytesText(sizeBytes), align: 'right' },
        { title: 'SHA-256', cell: ({ sha256 }) => toHex(sha256) },
      ])
      const facts = pairs([
        ['name', model.name],
        ['root', model.rootHex],
        ['kind', kindOf(model)],
        ['size', bytesText(model.sizeBytes)],
        ['from', originText(model.origin)],
        ['licence', licenceText(model.origin)],
        ['folder', model.folder],
      ])
      output.result(`${facts}\n\n${files}`)
    })
  withSettings(show, [], ['dataRoot'])
}
