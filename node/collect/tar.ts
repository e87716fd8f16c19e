/** A tar archive of a few small text files (POSIX.1-1988 ustar, one header and whole blocks each). */
import { gzipSync } from 'node:zlib'

export interface ArchiveFile {
  /** At most 99 bytes of ASCII. */
  readonly name: string
  readonly text: string
}

const BLOCK_BYTES = 512

/** Gzipped; the time of every file is `atMs`. */
export function tarGz(files: readonly ArchiveFile[], atMs: number): Buffer {
  const blocks = files.flatMap(({ name, text }) => {
    const content = Buffer.from(text)
    const padding = Buffer.alloc((BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES)
    return [header(name, content.length, Math.floor(atMs / 1000)), content, padding]
  })
  // Two empty blocks are the end of the archive.
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]))
}

function header(name: string, sizeBytes: number, timeS: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES)
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'ascii')
  block.write(name, 0, 99, 'ascii')
  octal(0o600, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(sizeBytes, 124, 12)
  octal(timeS, 136, 12)
  // The checksum counts its own field as spaces.
  block.write(' '.repeat(8), 148, 'ascii')
  block.write('0', 156, 'ascii')
  block.write('ustar\0' + '00', 257, 'ascii')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii')
  return block
}
