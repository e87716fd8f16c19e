/** `cocoon models rm`. */
import type { Command } from 'commander'
import { ModelStore } from '#node/models/store.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { CliContext } from '../context.ts'
import { bytesText } from '../model-text.ts'
import { type Prompt, processPrompt } from '../prompt.ts'
import { withSettings } from '../settings-options.ts'

interface RmOptions {
  readonly yes?: boolean
  readonly json?: boolean
}

export function modelsRmCommand(
  models: Command,
  context: CliContext,
  prompt: Prompt = processPrompt,
): void {
  const rm = models
    .command('rm')
    .description('remove one model from the disk; refused while a peer serves it')
    .argument('<model>', 'name, root, or the first eight digits of the root')
    .option('--yes', 'do not ask')
    .option('--json', 'one JSON document to stdout')
    .action((selector: string, options: RmOptions) => remove(selector, options, context, prompt))
  withSettings(rm, [], ['dataRoot'])
}

async function remove(
  selector: string,
  { yes, json }: RmOptions,
  { output, settings }: CliContext,
  prompt: Prompt,
): Promise<void> {
  const store = new ModelStore(settings.dataRoot)
  const model = store.find(selector)
  const { name, rootHex: root, sizeBytes } = model
  if (!yes) {
    if (!prompt.isInteractive) {
      throw new ConfigError('CONFIRMATION_NEEDED', 'nobody is here to say yes', {
        remedy: 'Pass --yes.',
      })
    }
    const question = `Remove ${name} (${bytesText(sizeBytes)})?`
    if (!(await prompt.confirm(question))) return output.talk('nothing was removed')
  }
  store.remove(model)
  if (json) output.json({ removed: { name, root, sizeBytes } })
  else output.result(`removed ${name}, ${bytesText(sizeBytes)}`)
}
