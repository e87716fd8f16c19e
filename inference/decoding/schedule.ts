/**
 * The decoding schedule (docs/spec/exactness.md): in which pieces a sequence is read. Logits are
 * bit-identical whatever the pieces, as long as each has 2 to PREFILL_CHUNK_TOKENS tokens and none is one longer than
 * a multiple of KERNEL_ROWS.
 */
import { tagged, u32be, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { PREFILL_CHUNK_TOKENS } from '../constants.ts'
import { SAMPLER } from './sampling/sampler.ts'

/** Rows that a matrix kernel takes at once: one row over it runs through another kernel, with other last bits. */
const KERNEL_ROWS = 32

/** A piece of the sequence to read in one model call: [start, end). */
export interface PrefillChunk {
  readonly start: number
  readonly end: number
}

/**
 * The piece that begins at `start`: `tokensMax` or what is left. Where it would leave one token, or be one longer
 * than a multiple of KERNEL_ROWS, it leaves two.
 * @param tokensMax 4 to PREFILL_CHUNK_TOKENS; above KERNEL_ROWS a multiple of it
 * @throws RangeError where less than 2 tokens are left
 */
export function nextPiece(tokens: number, start: number, tokensMax: number): PrefillChunk {
  const left = tokens - start
  if (!Number.isInteger(left) || left < 2) throw new RangeError('prefill needs 2 tokens')
  const isOneOver = left === tokensMax + 1 || (left <= tokensMax && left % KERNEL_ROWS === 1)
  return { start, end: start + (isOneOver ? left - 2 : Math.min(left, tokensMax)) }
}

/**
 * All pieces from the `from`th token on.
 * @throws RangeError below 2 tokens.
 */
export function prefillChunks(
  tokens: number,
  from = 0,
  tokensMax = PREFILL_CHUNK_TOKENS,
): PrefillChunk[] {
  const chunks: PrefillChunk[] = []
  for (let start = from; start < tokens || chunks.length === 0; ) {
    const chunk = nextPiece(tokens, start, tokensMax)
    chunks.push(chunk)
    start = chunk.end
  }
  return chunks
}

/** Of an int8 cache: counted up when its scales are found another way. */
const INT8_CACHE = 'int8 cache/1'

interface ScheduleParts {
  readonly library: string
  /** The instruction set; of a device what stands in its place. */
  readonly hardware: string
  /** Absent: PREFILL_CHUNK_TOKENS. */
  readonly pieceTokens?: number | undefined
  readonly kvCache: 'graph' | 'int8'
}

/** Digest of all that decides bits but not the model: pieces, sampler, library, instruction set, cache. */
export function scheduleDigest(
  crypto: CryptoPort,
  { library, hardware, pieceTokens = PREFILL_CHUNK_TOKENS, kvCache }: ScheduleParts,
): Uint8Array {
  return crypto.sha256(
    tagged(
      'cocoon/schedule/1',
      u32be(pieceTokens),
      utf8(SAMPLER),
      utf8(library),
      utf8(hardware),
      ...(kvCache === 'int8' ? [utf8(INT8_CACHE)] : []),
    ),
  )
}
