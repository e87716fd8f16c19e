/** Looks for pieces of a private text in recorded bytes, in the forms in which it might leak. */

/** Shortest piece that counts, in bytes of UTF-8. */
const RUN_BYTES = 8
/** Base64 of nine bytes has no ragged end, so that it is found inside a longer encoding. */
const BASE64_RUN_BYTES = 9
const RUN_TOKENS = 6

/** Every run of the text, as it would look in UTF-8, UTF-16, hexadecimal and base64. */
export function needlesOfText(text: string, isPublic: (run: string) => boolean): Buffer[] {
  const bytes = Buffer.from(text)
  const needles: Buffer[] = []
  for (let at = 0; at + RUN_BYTES <= bytes.length; at++) {
    const run = bytes.subarray(at, at + RUN_BYTES)
    if (isPublic(run.toString('latin1'))) continue
    const hex = run.toString('hex')
    needles.push(Buffer.from(run), Buffer.from(hex), Buffer.from(hex.toUpperCase()))
    needles.push(Buffer.from(run.toString('latin1'), 'utf16le'))
    if (at + BASE64_RUN_BYTES > bytes.length) continue
    const longer = bytes.subarray(at, at + BASE64_RUN_BYTES)
    needles.push(Buffer.from(longer.toString('base64')), Buffer.from(longer.toString('base64url')))
  }
  return needles
}

/** Every run of six ids, as protobuf varints, fixed integers of both orders, and decimal lists. */
export function needlesOfTokens(ids: readonly number[]): Buffer[] {
  const needles: Buffer[] = []
  for (let at = 0; at + RUN_TOKENS <= ids.length; at++) {
    const run = ids.slice(at, at + RUN_TOKENS)
    needles.push(Buffer.from(run.flatMap(varint)))
    needles.push(fixed(run, 4, 'BE'), fixed(run, 4, 'LE'), fixed(run, 2, 'BE'), fixed(run, 2, 'LE'))
    needles.push(Buffer.from(run.join(',')), Buffer.from(run.join(', ')))
  }
  return needles
}

/** The needles that occur; looking at each offset once, whatever their number. */
export function found(haystack: Buffer, needles: readonly Buffer[]): Buffer[] {
  const byStart = new Map<number, Buffer[]>()
  for (const needle of needles) {
    const start = needle.readUInt32BE(0)
    byStart.set(start, [...(byStart.get(start) ?? []), needle])
  }
  const hits = new Set<Buffer>()
  for (let at = 0; at + 4 <= haystack.length; at++) {
    const candidates = byStart.get(haystack.readUInt32BE(at))
    for (const needle of candidates ?? []) {
      if (haystack.subarray(at, at + needle.length).equals(needle)) hits.add(needle)
    }
  }
  return [...hits]
}

function varint(id: number): number[] {
  return id < 0x80 ? [id] : [(id & 0x7f) | 0x80, ...varint(id >>> 7)]
}

function fixed(ids: readonly number[], size: 2 | 4, order: 'BE' | 'LE'): Buffer {
  const bytes = Buffer.alloc(ids.length * size)
  for (const [index, id] of ids.entries()) {
    if (order === 'BE') bytes.writeUIntBE(id, index * size, size)
    else bytes.writeUIntLE(id, index * size, size)
  }
  return bytes
}
