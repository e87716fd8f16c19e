/**
 * What a name means on this machine: roots that the owner pinned, and the words of publishers that the
 * owner trusts. A peer that hands out files has no say in it.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { writeDurably } from '#node/wallet/durable-file.ts'
import { equal, fromHex, toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError, ProtocolError } from '#protocol/errors.ts'
import {
  isSignedByPublisher,
  MODEL_NAME,
  type SignedPublication,
} from '#protocol/model/publication.ts'
import { NAMES_FILE_BYTES_MAX, PINS_MAX, PUBLICATIONS_MAX, PUBLISHERS_MAX } from './constants.ts'
import {
  publicationDocument,
  publicationSchema,
  unsignedPublication,
} from './publication-document.ts'

const root = z.string().regex(/^[0-9a-f]{64}$/)

const fileSchema = z.strictObject({
  format: z.literal('cocoon-model-names/1'),
  /** Name to root. */
  pins: z.record(z.string().regex(MODEL_NAME), root),
  /** Keys of publishers whose word counts. */
  publishers: z.array(root).max(PUBLISHERS_MAX),
  publications: z.array(publicationSchema).max(PUBLICATIONS_MAX),
})

type NamesFile = z.output<typeof fileSchema>

/** What a name means, and who says so. */
export interface NamedRoot {
  readonly rootHex: string
  readonly namedBy: 'pin' | 'publisher' | 'registry' | 'network'
  /** A publisher's word. */
  readonly publication: SignedPublication | undefined
  /** Raw address of the registry that lists it. */
  readonly registry?: string
}

export class ModelNames {
  readonly #file: string
  readonly #crypto: CryptoPort

  constructor(dataRoot: string, crypto: CryptoPort) {
    this.#file = path.join(dataRoot, 'models', 'names.json')
    this.#crypto = crypto
  }

  /** Name to root. */
  pins(): Readonly<Record<string, string>> {
    return this.#read().pins
  }

  publishers(): readonly Uint8Array[] {
    return this.#read().publishers.map(fromHex)
  }

  publications(): readonly SignedPublication[] {
    return this.#read().publications
  }

  /** @throws ConfigError MODEL_NAME_INVALID, MODEL_NAMES_FULL */
  pin(name: string, rootHex: string): void {
    requireModelName(name)
    const file = this.#read()
    const pins = { ...file.pins, [name]: root.parse(rootHex) }
    if (Object.keys(pins).length > PINS_MAX) throw full('pins')
    this.#write({ ...file, pins })
  }

  /** False: there was none. */
  unpin(name: string): boolean {
    const file = this.#read()
    if (!Object.hasOwn(file.pins, name)) return false
    this.#write({
      ...file,
      pins: Object.fromEntries(Object.entries(file.pins).filter(([one]) => one !== name)),
    })
    return true
  }

  /** @throws ConfigError MODEL_NAMES_FULL */
  trust(publisher: Uint8Array): void {
    const file = this.#read()
    const publishers = [...new Set([...file.publishers, toHex(publisher)])]
    if (publishers.length > PUBLISHERS_MAX) throw full('publishers')
    this.#write({ ...file, publishers })
  }

  /** Its words are forgotten too. False: it was not trusted. */
  distrust(publisher: Uint8Array): boolean {
    const file = this.#read()
    const hex = toHex(publisher)
    if (!file.publishers.includes(hex)) return false
    this.#write({
      ...file,
      publishers: file.publishers.filter((one) => one !== hex),
      publications: file.publications.filter((one) => !equal(one.publisher, publisher)),
    })
    return true
  }

  /**
   * Keeps a publisher's word; the newest on a name is the one that counts.
   * @throws ProtocolError MODEL_PUBLICATION_INVALID: not signed by the key that it names
   * @throws ProtocolError MODEL_PUBLICATION_ROLLED_BACK: a newer one was seen, or another of the same number
   * @throws ConfigError MODEL_NAMES_FULL
   */
  hear(publication: SignedPublication): void {
    if (!isSignedByPublisher(this.#crypto, publication)) throw unsignedPublication()
    const file = this.#read()
    const isSame = ({ name, publisher }: SignedPublication) =>
      name === publication.name && equal(publisher, publication.publisher)
    const known = file.publications.find(isSame)
    if (known !== undefined && known.sequence >= publication.sequence) {
      if (equal(known.signature, publication.signature)) return
      throw rolledBack(publication, known)
    }
    const publications = [...file.publications.filter((one) => !isSame(one)), publication]
    if (publications.length > PUBLICATIONS_MAX) throw full('publications')
    this.#write({ ...file, publications })
  }

  /** What the owner said; it goes before everybody. */
  pinned(name: string): NamedRoot | undefined {
    const { pins } = this.#read()
    const rootHex = Object.hasOwn(pins, name) ? pins[name] : undefined
    return rootHex === undefined ? undefined : { rootHex, namedBy: 'pin', publication: undefined }
  }

  /**
   * What trusted publishers say of a name, as far as it was heard: one word of each.
   * @param only its word alone; hexadecimal
   */
  said(name: string, only?: string): readonly NamedRoot[] {
    const { publishers, publications } = this.#read()
    const counts = ({ publisher }: SignedPublication) =>
      publishers.includes(toHex(publisher)) && [undefined, toHex(publisher)].includes(only)
    return publications
      .filter((one) => one.name === name && counts(one))
      .map((one) => ({ rootHex: toHex(one.root), namedBy: 'publisher', publication: one }))
  }

  #read(): NamesFile {
    const empty = { pins: {}, publishers: [], publications: [] }
    if (!existsSync(this.#file)) return { format: 'cocoon-model-names/1', ...empty }
    try {
      if (statSync(this.#file).size > NAMES_FILE_BYTES_MAX) throw new RangeError('too large')
      return fileSchema.parse(JSON.parse(readFileSync(this.#file, 'utf8')))
    } catch (cause) {
      throw new ConfigError('MODEL_NAMES_INVALID', `${this.#file} cannot be read`, {
        cause,
        remedy: 'Restore it from a backup, or remove it and pin and trust again.',
      })
    }
  }

  #write(file: NamesFile): void {
    const publications = file.publications.map(publicationDocument)
    writeDurably(this.#file, `${JSON.stringify({ ...file, publications }, null, 2)}\n`)
  }
}

/** @throws ConfigError MODEL_NAME_INVALID */
export function requireModelName(name: string): void {
  if (MODEL_NAME.test(name)) return
  throw new ConfigError('MODEL_NAME_INVALID', 'this is no name of a model', {
    remedy: 'Use lower-case letters, digits, dots, dashes and underscores, 96 at most.',
  })
}

function full(what: string): ConfigError {
  return new ConfigError('MODEL_NAMES_FULL', `there are as many ${what} as may be kept`, {
    remedy: 'Remove some with `cocoon models pin NAME --remove` or `trust KEY --remove`.',
  })
}

function rolledBack(now: SignedPublication, known: SignedPublication): ProtocolError {
  return new ProtocolError(
    'MODEL_PUBLICATION_ROLLED_BACK',
    `the publisher's word ${now.sequence} on ${now.name} came after its word ${known.sequence}`,
    { remedy: 'Ask the publisher for its newest word, or pin a root.' },
  )
}
