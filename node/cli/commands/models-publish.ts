/** `cocoon models publish`: a publisher signs which root a name means. */
import { chmodSync, existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { systemClock } from '#node/clock.ts'
import { ModelNames, requireModelName } from '#node/models/names.ts'
import { publicationDocument } from '#node/models/publication-document.ts'
import { licenceSchema } from '#node/models/record.ts'
import { ModelStore } from '#node/models/store.ts'
import { writeDurably } from '#node/wallet/durable-file.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'
import { signPublication } from '#protocol/model/publication.ts'
import { readBounded } from '../bounded-file.ts'
import type { CliContext } from '../context.ts'
import { withSettings } from '../settings-options.ts'

interface PublishOptions {
  readonly key: string
  readonly licence: string
  readonly out?: string
  readonly json?: boolean
}

const KEY_FILE_BYTES_MAX = 256

export function modelsPublishCommand(models: Command, context: CliContext): void {
  const publish = models
    .command('publish')
    .description('sign, as its publisher, which root a name means; `up --share-models` hands it on')
    .argument('<name>', 'name that others will pull')
    .argument('<model>', 'model in the store, or a root')
    .requiredOption('--key <file>', "publisher's seed, mode 0600; made when it is missing")
    .requiredOption('--licence <licence>', 'of the model, for example apache-2.0', parseLicence)
    .option('--out <file>', 'also write the signed file, for `models import`')
    .option('--json', 'one JSON document to stdout')
    .action((name: string, model: string, options: PublishOptions) =>
      run(name, model, options, context),
    )
  withSettings(publish, [], ['dataRoot'])
}

async function run(
  name: string,
  selector: string,
  { key: keyFile, licence, out, json }: PublishOptions,
  { output, settings }: CliContext,
): Promise<void> {
  requireModelName(name)
  const store = new ModelStore(settings.dataRoot)
  const isRoot = /^[0-9a-f]{64}$/.test(selector)
  const root = isRoot ? fromHex(selector) : store.find(selector).root
  const names = new ModelNames(settings.dataRoot, crypto)
  const key = publisherKey(keyFile, output.talk)
  const before = names
    .publications()
    .find((one) => one.name === name && toHex(one.publisher) === toHex(key.publicKey))
  // Seconds: a publisher that lost its list goes on with higher numbers than it used before.
  const seconds = Math.floor(systemClock.nowMs() / 1_000)
  const sequence = Math.max(seconds, (before?.sequence ?? 0) + 1)
  const publication = signPublication(crypto, key, { name, root, licence, sequence })
  names.trust(key.publicKey)
  names.hear(publication)
  const document = publicationDocument(publication)
  if (out !== undefined) await writeFile(out, `${JSON.stringify(document, null, 2)}\n`)
  if (json) return output.json(document)
  output.result(`${name} is ${toHex(root)}, says ${toHex(key.publicKey)}`)
  output.talk(`Others trust it with: cocoon models trust ${toHex(key.publicKey)}`)
}

/** @throws ConfigError KEYS_FILE, FILE_UNREADABLE */
function publisherKey(file: string, talk: (line: string) => void): Ed25519KeyPair {
  if (!existsSync(file)) {
    const seed = crypto.randomBytes(32)
    writeDurably(path.resolve(file), `${toHex(seed)}\n`)
    chmodSync(file, 0o600)
    talk(`made a publisher key, keep it: ${path.resolve(file)}`)
    return crypto.ed25519FromSeed(seed)
  }
  const text = readBounded(file, KEY_FILE_BYTES_MAX).toString('latin1').trim()
  if (/^[0-9a-f]{64}$/.test(text)) return crypto.ed25519FromSeed(fromHex(text))
  throw new ConfigError('KEYS_FILE', `${file} holds no seed`, {
    remedy: 'It must be 64 hexadecimal digits; name a file that is not there to make a new key.',
  })
}

function parseLicence(text: string): string {
  if (licenceSchema.safeParse(text).success) return text
  throw new InvalidArgumentError('It must be a short name such as apache-2.0.')
}
