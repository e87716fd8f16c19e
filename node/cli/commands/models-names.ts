/** `cocoon models trust|pin|import|names`: who says which name means which root. */
import type { Command } from 'commander'
import { PUBLICATION_BYTES_MAX } from '#node/models/constants.ts'
import { ModelNames } from '#node/models/names.ts'
import { publicationDocument, readPublication } from '#node/models/publication-document.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { ConfigError } from '#protocol/errors.ts'
import { readBounded } from '../bounded-file.ts'
import type { CliContext } from '../context.ts'
import { parseHex32 } from '../hex32.ts'
import { withSettings } from '../settings-options.ts'

interface NamesOptions {
  readonly remove?: boolean
  readonly json?: boolean
}

export function modelsNamesCommands(models: Command, context: CliContext): void {
  const trust = models
    .command('trust')
    .description("let a publisher's signature say which name means which root")
    .argument('<key>', "publisher's Ed25519 key, 64 hexadecimal digits", parseHex32)
    .option('--remove', 'trust it no more, and forget what it said')
    .action((key: string, options: NamesOptions) => trustPublisher(key, options, context))
  const pin = models
    .command('pin')
    .description('say yourself which root a name means; it goes before everybody')
    .argument('<name>', 'name of a model')
    .argument('[root]', '64 hexadecimal digits', parseHex32)
    .option('--remove', 'forget the pin')
    .action((name: string, root: string | undefined, options: NamesOptions) =>
      pinName(name, root, options, context),
    )
  const take = models
    .command('import')
    .description("keep a publisher's signed file, to pull by its name and to hand it on")
    .argument('<file>', 'what `models publish` wrote')
    .action((file: string, options: NamesOptions) => importFile(file, options, context))
  const show = models
    .command('names')
    .description('pins, trusted publishers, what they said, and the registries that count')
    .action((options: NamesOptions) => showNames(options, context))
  for (const one of [trust, pin, take, show]) {
    one.option('--json', 'one JSON document to stdout')
    withSettings(one, [], ['dataRoot', ...(one === show ? (['registries'] as const) : [])])
  }
}

const namesOf = ({ settings }: CliContext) => new ModelNames(settings.dataRoot, crypto)

function trustPublisher(key: string, { remove, json }: NamesOptions, context: CliContext): void {
  const names = namesOf(context)
  if (!remove) names.trust(fromHex(key))
  else if (!names.distrust(fromHex(key))) throw nothingKept(`the publisher ${key} is not trusted`)
  if (json) context.output.json({ publisher: key, trusted: remove !== true })
  else context.output.result(`${remove ? 'no longer trusted' : 'trusted'}: ${key}`)
}

function pinName(
  name: string,
  root: string | undefined,
  { remove, json }: NamesOptions,
  context: CliContext,
): void {
  const names = namesOf(context)
  if (!remove && root === undefined) {
    throw new ConfigError('USAGE', `which root does ${name} mean?`, {
      remedy: `Name it: cocoon models pin ${name} ROOT. Or keep what others say: cocoon models resolve ${name} --pin.`,
    })
  }
  if (root !== undefined && !remove) names.pin(name, root)
  else if (!names.unpin(name)) throw nothingKept(`${name} is not pinned`)
  if (json) context.output.json({ name, root: remove ? null : root })
  else context.output.result(remove ? `no longer pinned: ${name}` : `${name} is ${root}`)
}

function importFile(file: string, { json }: NamesOptions, context: CliContext): void {
  const { output } = context
  const publication = readPublication(readBounded(file, PUBLICATION_BYTES_MAX), crypto)
  const names = namesOf(context)
  names.hear(publication)
  const { name, root, publisher } = publication
  const key = toHex(publisher)
  if (json) output.json(publicationDocument(publication))
  else output.result(`${name} is ${toHex(root)}, says ${key}`)
  if (names.publishers().some((one) => toHex(one) === key)) return
  output.talk(`It does not count until you trust this publisher: cocoon models trust ${key}`)
}

function showNames({ json }: NamesOptions, context: CliContext): void {
  const { output, settings } = context
  const names = namesOf(context)
  const publishers = names.publishers().map(toHex)
  const publications = names.publications().map(publicationDocument)
  const pins = names.pins()
  const { registries } = settings
  if (json) {
    output.json({ pins, publishers, publications, registries })
    return
  }
  const lines = [
    ...Object.entries(pins).map(([name, root]) => `pinned       ${name}  ${root}`),
    ...publishers.map((key) => `trusted      ${key}`),
    ...publications.map(({ name, root, publisher }) => {
      const said = publishers.includes(publisher) ? 'said       ' : 'not trusted'
      return `${said}  ${name}  ${root}  ${publisher}`
    }),
    ...registries.map((address) => `registry     ${address}`),
  ]
  output.result(lines.join('\n') || 'nothing is pinned and nobody is trusted')
}

function nothingKept(message: string): ConfigError {
  return new ConfigError('NOT_FOUND', message, { remedy: 'See `cocoon models names`.' })
}
