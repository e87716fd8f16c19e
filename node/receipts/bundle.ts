/**
 * Many receipt files in one (docs/spec/receipts.md, "Bundle"): written and read one receipt at a time. The
 * end says how many there were, so that a bundle cut short is noticed; what each proves is its own.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { concat, equal, u32be, utf8 } from '#protocol/bytes.ts'
import { RECEIPT_FILE_BYTES_MAX } from '#protocol/constants.ts'
import { ConfigError, ProtocolError } from '#protocol/errors.ts'

const MAGIC = utf8('cocoon-receipts/1\n')

/** @param files paths of receipt files, copied as they are */
export function* bundleChunks(files: Iterable<string>): Generator<Uint8Array> {
  yield MAGIC
  let count = 0
  for (const file of files) {
    const bytes = readFileSync(file)
    yield concat(u32be(bytes.length), bytes)
    count++
  }
  yield concat(u32be(0), u32be(count))
}

/**
 * Whether a file begins as a bundle does.
 * @throws ConfigError FILE_UNREADABLE
 */
export function isBundle(file: string): boolean {
  return withFile(file, (descriptor) => equal(readUpTo(descriptor, MAGIC.length), MAGIC))
}

/**
 * The receipt files of a bundle; checks the frame, not what is in it.
 * @throws ProtocolError BUNDLE_MALFORMED, also after the last one when some are missing
 * @throws ConfigError FILE_UNREADABLE
 */
export function* readBundle(file: string): Generator<Uint8Array> {
  const descriptor = open(file)
  try {
    if (!equal(readUpTo(descriptor, MAGIC.length), MAGIC)) throw malformed('it begins otherwise')
    let count = 0
    for (let length = readNumber(descriptor); length > 0; length = readNumber(descriptor)) {
      if (length > RECEIPT_FILE_BYTES_MAX) throw malformed('a receipt is too large')
      const bytes = readUpTo(descriptor, length)
      if (bytes.length < length) throw malformed('it ends early')
      yield bytes
      count++
    }
    if (readNumber(descriptor) !== count) throw malformed('receipts are missing')
    if (readUpTo(descriptor, 1).length > 0) throw malformed('something follows its end')
  } finally {
    closeSync(descriptor)
  }
}

function readNumber(descriptor: number): number {
  const bytes = readUpTo(descriptor, 4)
  if (bytes.length < 4) throw malformed('it ends early')
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
}

/** Fewer only at the end of the file. */
function readUpTo(descriptor: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let at = 0
  while (at < length) {
    const read = readSync(descriptor, bytes, at, length - at, null)
    if (read === 0) break
    at += read
  }
  return bytes.subarray(0, at)
}

function withFile<T>(file: string, work: (descriptor: number) => T): T {
  const descriptor = open(file)
  try {
    return work(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function open(file: string): number {
  try {
    return openSync(file, 'r')
  } catch (cause) {
    throw new ConfigError('FILE_UNREADABLE', `cannot read ${file}`, {
      cause,
      remedy: 'Check the path and its permissions.',
    })
  }
}

function malformed(why: string): ProtocolError {
  return new ProtocolError('BUNDLE_MALFORMED', `this bundle of receipts cannot be read: ${why}`, {
    remedy: 'Ask for the bundle again.',
  })
}
