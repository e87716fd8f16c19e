/** `cocoon models list`: what the store has, or with --registry what registries list. */
import type { Command } from 'commander'
import { partialPulls } from '#node/models/partial-pulls.ts'
import { ModelStore, type StoredModel } from '#node/models/store.ts'
import type { ListedModel } from '#node/registry/listed-models.ts'
import { table } from '#node/text.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { CliContext } from '../context.ts'
import { bytesText, kindOf, modelDocument, originText } from '../model-text.ts'
import { withSettings } from '../settings-options.ts'

interface ListOptions {
  readonly registry?: string | true
  readonly network?: string
  readonly ask: boolean
  readonly json?: boolean
}

export function modelsListCommand(models: Command, context: CliContext): void {
  const list = models
    .command('list', { isDefault: true })
    .description('models in the store, the newest first; or those that registries list')
    .option('--registry [address]', 'what this registry lists, else those of the configuration')
    .option('--no-ask', 'ask no peer for names: only those known here are shown')
    .option('--json', 'one JSON document to stdout; of registries one a line')
    // As the default it gets every word that is no command: to say so beats counting arguments.
    .allowExcessArguments()
    .action(({ registry, ...options }: ListOptions, { args: [word] }: Command) => {
      if (word !== undefined) throw unknownCommand(word)
      if (registry !== undefined) return listOfRegistries({ ...options, registry }, context)
      return listStore(options, context)
    })
  withSettings(list, ['network'], ['dataRoot', 'registries'])
}

function listStore({ json }: Pick<ListOptions, 'json'>, { output, settings }: CliContext): void {
  const store = new ModelStore(settings.dataRoot)
  const { models: found, broken } = store.list()
  for (const folder of broken) output.talk(`no model any more, remove it: ${folder}`, 'yellow')
  if (json) output.json(found.map(modelDocument))
  else if (found.length > 0) output.result(storeText(found))
  else output.talk('no models are here; get one: cocoon models pull OWNER/NAME')
  const { folder, sizeBytes } = partialPulls(store.partialDir)
  if (sizeBytes === 0) return
  const kept = `unfinished pulls: ${bytesText(sizeBytes)} in ${folder}`
  output.talk(`${kept}; the same pull goes on with it, removing the folder frees it`)
}

async function listOfRegistries(
  options: ListOptions & { readonly registry: string | true },
  context: CliContext,
): Promise<void> {
  // Loaded here only: network and chain take a second.
  const { listRegistries } = await import('../registry-list-desk.ts')
  const { output } = context
  for await (const { address, sequence, models } of listRegistries(options, context)) {
    if (options.json) output.json({ address, sequence, models: models.map(listedDocument) })
    else if (models.length === 0) output.talk(`${address} lists no models`)
    else tellListed(address, models, context)
  }
}

const listedDocument = ({ rootHex: root, name, status, since }: ListedModel) => ({
  ...{ root, name: name ?? null, status, sinceMs: since * 1_000 },
})

function tellListed(address: string, models: readonly ListedModel[], { output }: CliContext): void {
  output.talk(`registry ${address}`)
  output.result(
    table(models, [
      { title: 'NAME', cell: ({ name }) => name ?? '?' },
      { title: 'ROOT', cell: ({ rootHex }) => rootHex },
      { title: 'STATUS', cell: ({ status }) => status },
      { title: 'SINCE', cell: ({ since }) => new Date(since * 1_000).toISOString().slice(0, 10) },
    ]),
  )
  output.talk(`get one: cocoon models pull NAME --registry ${address}`)
  if (models.every(({ name }) => name !== undefined)) return
  output.talk('? is a name that nobody asked knows: the chain holds only its digest')
}

function unknownCommand(word: string): ConfigError {
  return new ConfigError('USAGE', `models has no command "${word.slice(0, 50)}"`, {
    remedy: 'See `cocoon models --help`; `cocoon models show MODEL` shows one model.',
  })
}

function storeText(found: readonly StoredModel[]): string {
  return table(found, [
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'ROOT', cell: ({ rootHex }) => rootHex.slice(0, 16) },
    { title: 'KIND', cell: kindOf },
    { title: 'SIZE', cell: ({ sizeBytes }) => bytesText(sizeBytes), align: 'right' },
    { title: 'FROM', cell: ({ origin }) => originText(origin) },
    { title: 'ADDED', cell: ({ addedAtMs }) => new Date(addedAtMs).toISOString().slice(0, 10) },
  ])
}
