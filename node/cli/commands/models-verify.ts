/** `cocoon models verify`: hashes the files on the disk again. */
import path from 'node:path'
import type { Command } from 'commander'
import { RECORD_FILE } from '#node/models/record.ts'
import { ModelStore, type StoredModel } from '#node/models/store.ts'
import { type FileFault, verifyStored } from '#node/models/verify-stored.ts'
import type { CliContext } from '../context.ts'
import { EXIT } from '../failure.ts'
import { withRemedy } from '../interrupts.ts'
import { hashView } from '../pull-view.ts'
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
  context: CliContext,
): Promise<void> {
  const { output, settings, exitWith } = context
  const store = new ModelStore(settings.dataRoot)
  const { models: found, broken } =
    selector === undefined ? store.list() : { models: [store.find(selector)], broken: [] }
  for (const folder of broken) {
    exitWith(EXIT.failed)
    const faults = [{ path: RECORD_FILE, fault: 'changed' }]
    if (json) output.json({ name: null, root: path.basename(folder), ok: false, faults })
    else output.result(`?  changed  ${path.join(folder, RECORD_FILE)}`)
  }
  for (const model of found) {
    const faults = await verifyShown(model, json === true, context)
    if (faults.length > 0) exitWith(EXIT.failed)
    const { name, rootHex: root } = model
    if (json) output.json({ name, root, ok: faults.length === 0, faults })
    else if (faults.length === 0) output.result(`${name}  ok  ${root}`)
    else for (const one of faults) output.result(`${name}  ${one.fault}  ${one.path}`)
  }
  if (found.length + broken.length > 0 || json) return
  output.talk('no models are here; get one: cocoon models pull OWNER/NAME')
}

async function verifyShown(
  model: StoredModel,
  json: boolean,
  { output, interrupts: { first: signal } }: CliContext,
): Promise<readonly FileFault[]> {
  const view = hashView(output, json, model.sizeBytes)
  try {
    return await withRemedy(signal, 'Run it again: nothing was changed.', () =>
      verifyStored(model, { signal, onBytes: view.onBytes }),
    )
  } finally {
    view.end()
  }
}
