/** Roots and keys on the command line. */
import { InvalidArgumentError } from 'commander'

/** 32 bytes as lower-case hexadecimal. */
export function parseHex32(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text
  throw new InvalidArgumentError('It must be 64 hexadecimal digits.')
}
