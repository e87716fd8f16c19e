/** `cocoon models trust|pin|import|names`: who says which name means which root. */
import { type Command, InvalidArgumentError } from 'commander'
import { PUBLICATION_BYTES_MAX } from '#node/models/constants.ts'
import { notInStore } from '#node/models/errors.ts'
import { ModelNames } from '#node/models/names.ts'
import { publicationDocument, readPublication } from '#node/models/publication-document.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { readBounded } from '../bounded-file.ts'
import type { CliContext } from '../context.ts'
import { withSettings } from '../settings-options.ts'

interface RemoveOption {
  readonly remove?: boolean
}

export function modelsNamesCommands(models: Command, context: CliContext): void {
  const { output, settings } = context
  const names = () => new ModelNames(settings.dataRoot, crypto)
  const trust = models
    .command('trust')
    .description("let a publisher's signature say which name means which root")
    .argument('<key>', "publisher's Ed25519 key, 64 hexadecimal digits", parseHex32)
    .option('--remove', 'trust it no more, and forget what it said')
    .action((key: string, { remove }: RemoveOption) => {
      if (!remove) names().trust(fromHex(key))
      else if (!names().distrust(fromHex(key))) throw notInStore(key)
      output.result(`${remove ? 'no longer trusted' : 'trusted'}: ${key}`)
    })
  const pin = models
    .command('pin')
    .description('say yourself which root a name means; it goes before every publisher')
    .argument('<name>', 'name of a model')
    .argument('[root]', '64 hexadecimal digits', parseHex32)
    .option('--remove', 'forget the pin')
    .action((name: string, root: string | undefined, { remove }: RemoveOption) => {
      if (remove) {
        if (!names().unpin(name)) throw notInStore(name)
        return output.result(`no longer pinned: ${name}`)
      }
      if (root === undefined) throw new InvalidArgumentError('The root is missing.')
      names().pin(name, root)
      output.result(`${name} is ${root}`)
    })
  const take = models
    .command('import')
    .description("keep a publisher's signed file, to pull by its name and to hand it on")
    .argument('<file>', 'what `models publish` wrote')
    .action((file: string) => {
      const publication = readPublication(readBounded(file, PUBLICATION_BYTES_MAX), crypto)
      names().hear(publication)
      const { name, root, publisher } = publication
      output.result(`${name} is ${toHex(root)}, says ${toHex(publisher)}`)
    })
  const show = models
    .command('names')
    .description('pins, trusted publishers, and what they said')
    .option('--json', 'one JSON document to stdout')
    .action(({ json }: { readonly json?: boolean }) => showNames(names(), json === true, context))
  for (const one of [trust, pin, take, show]) withSettings(one, [], ['dataRoot'])
}

function showNames(names: ModelNames, json: boolean, { output }: CliContext): void {
  const publishers = names.publishers().map(toHex)
  const publications = names.publications().map(publicationDocument)
  if (json) {
    output.json({ pins: names.pins(), publishers, publications })
    return
  }
  const lines = [
    ...Object.entries(names.pins()).map(([name, root]) => `pinned     ${name}  ${root}`),
    ...publishers.map((key) => `trusted    ${key}`),
    ...publications.map(({ name, root, publisher }) => {
      const trusted = publishers.includes(publisher) ? 'said      ' : 'not trusted'
      return `${trusted} ${name}  ${root}  ${publisher}`
    }),
  ]
  output.result(lines.join('\n') || 'nothing is pinned and nobody is trusted')
}

function parseHex32(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text
  throw new InvalidArgumentError('It must be 64 hexadecimal digits.')
}
