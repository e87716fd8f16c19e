/** `cocoon bench verify` in small: the same steps with few trials. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { integerAttribute, readOnnxGraph } from '#inference/onnx/surgery/onnx-graph.ts'
import { DEMO_MODEL_FOLDER } from '#node/bench/demo-questions.ts'
import { benchVerify } from '#node/bench/verify/bench-verify.ts'
import { requantisedTo4Bits } from '#node/bench/verify/requantise.ts'

const TRIALS = 8

it('accuses nobody who is honest and catches the others', async () => {
  const { rows, versions } = await benchVerify(3, TRIALS)
  expect(versions.engine).toMatch(/^onnxruntime-node /)
  const goals = rows.filter(({ ok }) => ok !== null)
  expect(goals.map(({ figure, value }) => [figure, value])).toEqual([
    ['false accusations', 0],
    ['q4 served as q8, caught', 100],
    ['another model, caught', 100],
  ])
  expect(rows.every(({ against }) => against.startsWith(`${TRIALS} answers`))).toBe(true)
}, 300_000)

it('makes a 4-bit graph of which every matrix but the shared embedding is new', () => {
  const file = readFileSync(path.join(DEMO_MODEL_FOLDER, 'onnx', 'model.onnx'))
  const bitsOf = (graph: Uint8Array) =>
    readOnnxGraph(graph)
      .nodes.filter(({ operator }) => operator === 'MatMulNBits')
      .map((node) => integerAttribute(node, 'bits'))
  const before = bitsOf(file)
  const after = bitsOf(requantisedTo4Bits(file))
  expect(new Set(before)).toEqual(new Set([8]))
  expect(after.filter((bits) => bits === 4)).toHaveLength(before.length - 1)
  expect(() => requantisedTo4Bits(requantisedTo4Bits(file))).toThrow(RangeError)
})
