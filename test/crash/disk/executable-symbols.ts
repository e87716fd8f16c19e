/**
 * Where functions of the running executable lie in memory, read from its own symbol table (ELF-64, System
 * V ABI chapter 4). Node links SQLite into itself and exports none of its functions, but its builds
 * keep the symbol table.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

const HEADER_BYTES = 64
const SECTION_BYTES = 64
const SYMBOL_BYTES = 24
const TYPE_SYMBOL_TABLE = 2
const POSITION_INDEPENDENT = 3

/** @throws Error when a name is not there: the executable was stripped, or is no ELF file */
export function executableSymbols(names: readonly string[]): ReadonlyMap<string, bigint> {
  const file = openSync(process.execPath, 'r')
  try {
    const read = (offset: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length)
      readSync(file, bytes, 0, length, offset)
      return bytes
    }
    const header = read(0, HEADER_BYTES)
    if (header.toString('latin1', 0, 4) !== '\x7fELF' || header[4] !== 2) {
      throw new Error(`${process.execPath} is no 64-bit ELF file`)
    }
    const base = header.readUInt16LE(16) === POSITION_INDEPENDENT ? loadAddress() : 0n
    const found = new Map<string, bigint>()
    for (const { symbols, strings } of symbolTables(header, read)) {
      const texts = new Map(names.map((name) => [strings.indexOf(`\0${name}\0`) + 1, name]))
      texts.delete(0)
      for (let at = 0; at < symbols.length; at += SYMBOL_BYTES) {
        const name = texts.get(symbols.readUInt32LE(at))
        if (name !== undefined) found.set(name, base + symbols.readBigUInt64LE(at + 8))
      }
    }
    const missing = names.filter((name) => !found.has(name))
    if (missing.length > 0) throw new Error(`${process.execPath} does not name ${missing}`)
    return found
  } finally {
    closeSync(file)
  }
}

function* symbolTables(header: Buffer, read: (offset: number, length: number) => Buffer) {
  const count = header.readUInt16LE(60)
  const sections = read(Number(header.readBigUInt64LE(40)), count * SECTION_BYTES)
  const content = (index: number): Buffer => {
    const at = index * SECTION_BYTES
    const offset = Number(sections.readBigUInt64LE(at + 24))
    return read(offset, Number(sections.readBigUInt64LE(at + 32)))
  }
  for (let index = 0; index < count; index++) {
    const at = index * SECTION_BYTES
    if (sections.readUInt32LE(at + 4) !== TYPE_SYMBOL_TABLE) continue
    yield { symbols: content(index), strings: content(sections.readUInt32LE(at + 40)) }
  }
}

function loadAddress(): bigint {
  const line = readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .find((one) => one.endsWith(process.execPath))
  return BigInt(`0x${line?.split('-')[0] ?? '0'}`)
}
