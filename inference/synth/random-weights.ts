/**
 * Random numbers that depend on seed, name and place alone, so that a tensor can be made in any order and
 * in pieces, and each quantisation of a model rounds the same weights.
 */

/** Uniform in [-1, 1), 24 bits, by place. */
export class RandomTensor {
  readonly #key: number

  constructor(seed: number, name: string) {
    this.#key = mix(hashText(name) ^ mix(seed >>> 0))
  }

  /** `out[i]` becomes the number at `start + i * stride`, times `scale`. */
  fill(out: Float32Array, start: number, stride: number, scale: number): void {
    const factor = scale / 2 ** 23
    const key = this.#key
    for (let i = 0, at = start; i < out.length; i++, at += stride) {
      out[i] = ((mix(Math.imul(at, 0x9e3779b1) ^ key) >>> 8) - 2 ** 23) * factor
    }
  }
}

/** FNV-1a over UTF-16 units. */
function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  return hash
}

/** The finaliser of MurmurHash3 for 32 bits. */
function mix(value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
