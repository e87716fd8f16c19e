/** `cocoon models resolve`: which root a name means, and who says so; nothing is fetched. */
import type { Command } from 'commander'
import type { NamedRoot } from '#node/models/names.ts'
import { toHex } from '#protocol/bytes.ts'
import type { CliContext } from '../context.ts'
import { parseHex32 } from '../hex32.ts'
import type { NameOptions } from '../name-desk.ts'
import { withSettings } from '../settings-options.ts'

interface ResolveOptions extends NameOptions {
  readonly pin?: boolean
  readonly json?: boolean
}

export function modelsResolveCommand(models: Command, context: CliContext): void {
  const resolve = models
    .command('resolve')
    .description('say which root a name means, and who says so')
    .argument('<name>', 'name of a model')
    .option('--publisher <key>', 'only the word of this trusted publisher', parseHex32)
    .option('--registry <address>', 'only the word of this registry')
    .option('--pin', 'keep it as your own pin, which nobody can change')
    .option('--json', 'one JSON document to stdout')
    .addHelpText('after', ORDER)
    .action(async (name: string, options: ResolveOptions) => run(name, options, context))
  withSettings(resolve, ['network'], ['dataRoot', 'registries'])
}

const ORDER = `
Who is believed: your pin; then the publishers you trust and the registries you
configured, which must agree; then the network file. Never the peer that serves it.`

async function run(
  name: string,
  { pin, json, ...options }: ResolveOptions,
  context: CliContext,
): Promise<void> {
  // Loaded here only: network and chain take a second.
  const { resolveHere } = await import('../name-desk.ts')
  const { output } = context
  const found = await resolveHere(name, options, pin === true, context)
  const { rootHex: root, namedBy, publication, registry } = found
  if (json) {
    const publisher = publication === undefined ? null : toHex(publication.publisher)
    const licence = publication?.licence ?? null
    output.json({ name, root, namedBy, publisher, registry: registry ?? null, licence })
  } else {
    output.result(`${name} is ${root}, says ${sayerOf(found)}`)
  }
  if (pin) output.talk(`pinned: it means this until \`cocoon models pin ${name} --remove\``)
}

function sayerOf({ namedBy, publication, registry }: NamedRoot): string {
  if (namedBy === 'pin') return 'your pin'
  if (namedBy === 'network') return 'the network file'
  if (publication === undefined) return `registry ${registry ?? '?'}`
  return `publisher ${toHex(publication.publisher)}`
}
