/** Well-formed UTF-8, byte by byte (The Unicode Standard, table 3-7). */

/** Between two characters. */
export const UTF8_BOUNDARY = 0

/** Phases 1 to 3: so many more continuation bytes; 4 to 7: after E0, ED, F0, F4. -1: not allowed. */
export function utf8Step(phase: number, byte: number): number {
  if (phase === UTF8_BOUNDARY) return afterLead(byte)
  if (byte < 0x80 || byte > 0xbf) return -1
  switch (phase) {
    case 4:
      return byte >= 0xa0 ? 1 : -1
    case 5:
      return byte <= 0x9f ? 1 : -1
    case 6:
      return byte >= 0x90 ? 2 : -1
    case 7:
      return byte <= 0x8f ? 2 : -1
    default:
      return phase - 1
  }
}

function afterLead(byte: number): number {
  if (byte < 0x80) return UTF8_BOUNDARY
  if (byte >= 0xc2 && byte <= 0xdf) return 1
  if (byte === 0xe0) return 4
  if (byte === 0xed) return 5
  if (byte >= 0xe1 && byte <= 0xef) return 2
  if (byte === 0xf0) return 6
  if (byte >= 0xf1 && byte <= 0xf3) return 3
  return byte === 0xf4 ? 7 : -1
}
