/** The parts of `cocoon bench engine` that are no measurement: pairing, verdicts, and the peer's weights. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { DECODER_SHAPES } from '#inference/synth/shapes.ts'
import { stepWeightBytes } from '#node/bench/engine/bench-models.ts'
import { ratioRow } from '#node/bench/engine/engine-rows.ts'
import { writeGguf } from '#node/bench/engine/gguf.ts'
import { inRounds, pairedRatios } from '#node/bench/engine/spread.ts'
import { promptIds } from '#node/bench/engine/subject.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const REACH = { figure: 'speed', against: 'a peer', unit: 'tok/s' }

describe('a row of the engine benchmark', () => {
  it('judges by the median of ratios of the same round', () => {
    // A machine that was twice as slow in the second round slowed both.
    const ratios = pairedRatios([20, 40, 21], [10, 20, 10])
    expect(ratios).toEqual([2, 2, 2.1])
    const row = ratioRow({ ...REACH, ratioMin: 2 }, [100, 50, 98], ratios)
    expect(row).toMatchObject({ ratio: 2, ok: true, min: 50, median: 98, max: 100 })
    expect(ratioRow({ ...REACH, ratioMin: 2.05 }, [100], ratios).ok).toBe(false)
    expect(ratioRow({ ...REACH, ratioMax: 1.3 }, [100], ratios).ok).toBe(false)
    expect(ratioRow(REACH, [100], ratios)).toMatchObject({ ratio: null, ok: null, reach: '' })
  })

  it('lets the tasks take turns, and each be the first', async () => {
    const order: string[] = []
    const task = (name: string) => async (round: number) => {
      order.push(`${name}${round}`)
      return round
    }
    const values = await inRounds(2, { ours: task('ours'), peer: task('peer') })
    expect(order).toEqual(['ours0', 'peer0', 'peer1', 'ours1'])
    expect(values).toEqual({ ours: [0, 1], peer: [0, 1] })
  })

  it('asks for ids of the vocabulary, others in every stream and round', () => {
    const asked = [
      promptIds(64, 0, 1, 49_152),
      promptIds(64, 1, 1, 49_152),
      promptIds(64, 0, 2, 49_152),
    ]
    expect(new Set(asked.map((ids) => ids.join())).size).toBe(3)
    expect(asked.flat().every((id) => Number.isInteger(id) && id >= 300 && id < 49_152)).toBe(true)
  })
})

it('counts the weights of SmolLM2-135M that a step reads: all but the embedding', () => {
  expect(stepWeightBytes(DECODER_SHAPES['smollm2-135m'])).toBe(4 * (106_168_320 + 28_311_552))
})

it('writes the same weights for llama.cpp: header, aligned tensors, blocks of 18 bytes', async () => {
  const file = path.join(temporaryFolder(), 'tiny.gguf')
  const shape = {
    ...DECODER_SHAPES['smollm2-135m'],
    ...{ layers: 1, width: 64, heads: 2, cacheHeads: 1, headSize: 32, feedForward: 64 },
    vocabularySize: 512,
  }
  await writeGguf(file, shape, 'q4_0', 1)
  const bytes = readFileSync(file)
  expect(bytes.subarray(0, 4).toString()).toBe('GGUF')
  expect([bytes.readUInt32LE(4), bytes.readBigUInt64LE(8)]).toEqual([3, 12n])
  expect(bytes.length % 32).toBe(0)
  // 18 bytes for 32 weights, norms in full; the rest is names and words.
  const matrices = 2 * 512 * 64 + 2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 64
  const weights = (matrices / 32) * 18 + 3 * 64 * 4
  expect(bytes.length).toBeGreaterThan(weights)
  expect(bytes.length).toBeLessThan(weights + 40_000)
})
