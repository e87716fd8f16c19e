/**
 * The decoding schedule (docs/spec/exactness.md): in which pieces a sequence is read. Logits are
 * bit-identical whatever the pieces, as long as each has 2 to PREFILL_CHUNK_TOKENS tokens.
 */
import { tagged, u32be, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { PREFILL_CHUNK_TOKENS } from '../constants.ts'
import { SAMPLER } from './sampling/sampler.ts'

/** A piece of the sequence to read in one model call: [start, end), 2 to PREFILL_CHUNK_TOKENS. */
export interface PrefillChunk {
  readonly start: number
  readonly end: number
}

/**
 * Chunks of PREFILL_CHUNK_TOKENS from the `from`th token on; where one token would remain alone, the
 * chunk before gives it one of its own.
 * @throws RangeError below 2 tokens.
 */
export function prefillChunks(tokens: number, from = 0): PrefillChunk[] {
  if (!Number.isInteger(tokens) || tokens - from < 2) throw new RangeError('prefill needs 2 tokens')
  const chunks: PrefillChunk[] = []
  for (let start = from; start < tokens; ) {
    const left = tokens - start
    const leavesOne = left === PREFILL_CHUNK_TOKENS + 1
    const length = leavesOne ? left - 2 : Math.min(left, PREFILL_CHUNK_TOKENS)
    chunks.push({ start, end: start + length })
    start += length
  }
  return chunks
}

/** Digest of all that decides bits but not the model: pieces, sampler, library, instruction set. */
export function scheduleDigest(
  crypto: CryptoPort,
  library: string,
  instructionSet: string,
): Uint8Array {
  return crypto.sha256(
    tagged(
      'cocoon/schedule/1',
      u32be(PREFILL_CHUNK_TOKENS),
      utf8(SAMPLER),
      utf8(library),
      utf8(instructionSet),
    ),
  )
}
