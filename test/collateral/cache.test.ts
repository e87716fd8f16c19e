/** The cache's rules, with collateral that only says its evaluation number and dates. */
import { rmSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { CollateralCache } from '#node/collateral/cache.ts'
import { CollateralFiles } from '#node/collateral/files.ts'
import type { CollateralSource } from '#node/collateral/source.ts'
import { fromUtf8, utf8 } from '#protocol/bytes.ts'
import { AttestationError, UnavailableError } from '#protocol/errors.ts'
import { rejectionCode } from '#test/support/error-code.ts'
import { eventually } from '#test/support/eventually.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const piece = (evaluationNumber: number, issuedMs: number, expiresMs: number): Uint8Array =>
  utf8(JSON.stringify({ evaluationNumber, issuedMs, expiresMs }))

function check(bytes: Uint8Array, _need: string, nowMs: number) {
  const facts = JSON.parse(fromUtf8(bytes))
  if (nowMs < facts.issuedMs || nowMs > facts.expiresMs) {
    throw new AttestationError('CHECK_FAILED', 'expired, or not valid yet')
  }
  return facts
}

interface Bench {
  readonly clock: { nowMs(): number; atMs: number }
  readonly dir: string
  readonly trouble: string[]
  asked: number
  cache(): CollateralCache<string>
}

/** @param sources what each source gives, a function so that it may change its mind */
function bench(...sources: readonly (() => Uint8Array)[]): Bench {
  const clock = {
    atMs: 1_000,
    nowMs() {
      return this.atMs
    },
  }
  const dir = temporaryFolder()
  const made: Bench = {
    clock,
    dir,
    trouble: [],
    asked: 0,
    cache: () =>
      new CollateralCache<string>({
        clock,
        files: new CollateralFiles(dir),
        keyOf: (need) => need,
        check,
        onTrouble: (source, code) => void made.trouble.push(`${source} ${code}`),
        sources: sources.map(
          (give, at): CollateralSource<string> => ({
            name: `source ${at}`,
            async fetch() {
              made.asked += 1
              return give()
            },
          }),
        ),
      }),
  }
  return made
}

const refuse = () => {
  throw new UnavailableError('COLLATERAL_UNAVAILABLE', 'nobody there')
}

describe('a cache of collateral', () => {
  it('asks once, keeps it in memory and on disk', async () => {
    const b = bench(() => piece(5, 0, 10_000))
    const cache = b.cache()
    expect(await cache.get('tdx-1')).toEqual(piece(5, 0, 10_000))
    await cache.get('tdx-1')
    expect(await b.cache().get('tdx-1')).toEqual(piece(5, 0, 10_000))
    expect(b.asked).toBe(1)
  })

  it('shares one request among callers that come together', async () => {
    const b = bench(() => piece(5, 0, 10_000))
    const cache = b.cache()
    await Promise.all([cache.get('tdx-1'), cache.get('tdx-1'), cache.get('tdx-1')])
    expect(b.asked).toBe(1)
  })

  it('goes through its sources in order and believes none', async () => {
    const b = bench(
      refuse,
      () => piece(9, 5_000, 6_000),
      () => utf8('nonsense'),
      () => piece(5, 0, 9_000),
    )
    expect(await b.cache().get('tdx-1')).toEqual(piece(5, 0, 9_000))
    expect(b.trouble).toEqual([
      'source 0 COLLATERAL_UNAVAILABLE',
      'source 1 CHECK_FAILED',
      'source 2 INTERNAL',
    ])
  })

  it('is renewed in the second half of its life, without making anybody wait', async () => {
    const state = { number: 5 }
    const b = bench(() =>
      piece(state.number, state.number === 5 ? 0 : 5_000, 20_000 * state.number),
    )
    const cache = b.cache()
    await cache.get('tdx-1')
    b.clock.atMs = 49_000
    await cache.get('tdx-1')
    expect(b.asked).toBe(1)
    state.number = 6
    b.clock.atMs = 62_000
    expect(await cache.get('tdx-1')).toEqual(piece(5, 0, 100_000))
    await eventually(() => b.asked === 2)
    await eventually(async () =>
      fromUtf8(await cache.get('tdx-1')).includes('"evaluationNumber":6'),
    )
  })

  it('serves what it has while sources are down, and nothing past its end', async () => {
    const state = { down: false }
    const b = bench(() => (state.down ? refuse() : piece(5, 0, 10_000)))
    const cache = b.cache()
    await cache.get('tdx-1')
    state.down = true
    b.clock.atMs = 10_000
    expect(await cache.get('tdx-1')).toEqual(piece(5, 0, 10_000))
    b.clock.atMs = 10_001
    expect(await rejectionCode(cache.get('tdx-1'))).toBe('COLLATERAL_UNAVAILABLE')
    expect(await rejectionCode(b.cache().get('tdx-1'))).toBe('COLLATERAL_UNAVAILABLE')
    expect(cache.peek('tdx-1')).toBeUndefined()
  })

  it('does not ask a failing source again at each call', async () => {
    const state = { down: false }
    const b = bench(() => (state.down ? refuse() : piece(5, 0, 1_000_000)))
    const cache = b.cache()
    await cache.get('tdx-1')
    state.down = true
    b.clock.atMs = 900_000
    await cache.get('tdx-1')
    await eventually(() => b.asked === 2)
    for (let call = 0; call < 20; call += 1) await cache.get('tdx-1')
    expect(b.asked).toBe(2)
    b.clock.atMs += 60_000
    await cache.get('tdx-1')
    await eventually(() => b.asked === 3)
  })

  it('refuses evaluation numbers below the highest it has seen, also after a restart and a deleted file', async () => {
    const state = { number: 7 }
    const b = bench(() => piece(state.number, 0, 10_000))
    await b.cache().get('tdx-1')
    state.number = 6
    rmSync(path.join(b.dir, 'tdx-1.collateral'))
    expect(await rejectionCode(b.cache().get('tdx-1'))).toBe('COLLATERAL_UNAVAILABLE')
    expect(b.trouble).toEqual(['source 0 COLLATERAL_ROLLED_BACK'])
    expect(() => b.cache().accept('tdx-1', piece(6, 0, 10_000))).toThrow(
      expect.objectContaining({ code: 'COLLATERAL_ROLLED_BACK' }),
    )
    state.number = 8
    expect(await b.cache().get('tdx-1')).toEqual(piece(8, 0, 10_000))
  })

  it('refuses an older file that somebody put back', async () => {
    const b = bench(() => piece(7, 0, 10_000))
    await b.cache().get('tdx-1')
    new CollateralFiles(b.dir).write('tdx-1', piece(6, 0, 10_000))
    expect(await b.cache().get('tdx-1')).toEqual(piece(7, 0, 10_000))
    expect(b.asked).toBe(2)
  })

  it('keeps the newer one of two with the same number', async () => {
    const b = bench(refuse)
    const cache = b.cache()
    cache.accept('tdx-1', piece(7, 500, 10_000))
    cache.accept('tdx-1', piece(7, 400, 9_000))
    expect(await cache.get('tdx-1')).toEqual(piece(7, 500, 10_000))
  })

  it('believes its own clock: what is from the future is refused', async () => {
    const b = bench(() => piece(7, 2_000, 10_000))
    expect(await rejectionCode(b.cache().get('tdx-1'))).toBe('COLLATERAL_UNAVAILABLE')
  })

  it('holds a bounded number of platforms, and never a key that is a path', async () => {
    const b = bench(() => piece(7, 0, 10_000))
    const cache = b.cache()
    for (let at = 0; at < 300; at += 1) await cache.get(`tdx-${at}`)
    expect(cache.offered('tdx-0')).toBeUndefined()
    expect(cache.offered('tdx-299')).toBeDefined()
    await expect(cache.get('../tdx')).rejects.toThrow(RangeError)
  })
})
