/** `cocoon models verify`: hashes the files on the disk again. */
import type { Command } from 'commander'
import { ModelStore, type StoredModel } from '#node/models/store.ts'
import { verifyStored } from '#node/models/verify-stored.ts'
import type { CliContext } from '../context.ts'
import { EXIT } from '../failure.ts'
import { withSettings } from '../settings-options.ts'

export function modelsVerifyCommand(models: Command, context: CliContext): void {
  const verify = models
    .command('verify')
    .description('hash the files of one model, or of all, and compare; exit 1: something differs')
    .argument('[model]', 'name, root, or the first eight digits of the root')
    .option('--json', 'one JSON document a model')
    .action((selector: string | undefined, options: { readonly json?: boolean }) =>
      check(selector, options, context),
    )
  withSettings(verify, [], ['dataRoot'])
}

async function check(
  selector: string | undefined,
  { json }: { readonly json?: boolean },
  { output, settings, exitWith }: CliContext,
): Promise<void> {
  const store = new ModelStore(settings.dataRoot)
  const found: readonly StoredModel[] =
    selector === undefined ? store.list().models : [store.find(selector)]
  for (const model of found) {
    const faults = await verifyStored(model)
    if (faults.length > 0) exitWith(EXIT.failed)
    const { name, rootHex: root } = model
    if (json) output.json({ name, root, ok: faults.length === 0, faults })
    else if (faults.length === 0) output.result(`${name}  ok  ${root}`)
    else for (const { path, fault } of faults) output.result(`${name}  ${fault}  ${path}`)
  }
  if (found.length === 0 && !json)
    output.talk('no models are here; get one: cocoon models pull OWNER/NAME')
}
