import { describe, expect, it } from 'vitest'
import { readSignature } from '#inference/onnx/graph-signature.ts'
import type { GraphValue } from '#inference/onnx/graph-values.ts'

function tensor(name: string, type: GraphValue['type'], shape = [1]): GraphValue {
  return { name, type, shape }
}

const ids = tensor('input_ids', 'int64')
const cacheShape = [1, 2, 0, 16]
const cache = ['key', 'value'].map((part) =>
  tensor(`past_key_values.0.${part}`, 'float32', cacheShape),
)
const outputs = ['logits', 'present.0.key', 'present.0.value'].map((name) =>
  tensor(name, 'float32'),
)

describe('signature of a graph', () => {
  it('reads names and shapes from the graph', () => {
    const signature = readSignature({ inputs: [ids, ...cache], outputs })
    expect(signature).toEqual({
      hasAttentionMask: false,
      hasPositionIds: false,
      logits: undefined,
      cache: ['key', 'value'].map((part) => ({
        input: `past_key_values.0.${part}`,
        output: `present.0.${part}`,
        heads: 2,
        headSize: 16,
      })),
    })
    const withMask = [ids, tensor('attention_mask', 'int64'), tensor('position_ids', 'int64')]
    expect(readSignature({ inputs: [...withMask, ...cache], outputs })).toMatchObject({
      hasAttentionMask: true,
      hasPositionIds: true,
    })
  })

  const wrong: [string, readonly GraphValue[], readonly GraphValue[], string][] = [
    ['no ids', cache, outputs, 'MODEL_INPUT_MISSING'],
    ['no cache', [ids], outputs, 'MODEL_INPUT_MISSING'],
    [
      'ids of 32 bits',
      [tensor('input_ids', 'int32'), ...cache],
      outputs,
      'MODEL_INPUT_UNSUPPORTED',
    ],
    [
      'a merged branch',
      [ids, ...cache, tensor('use_cache_branch', 'int64')],
      outputs,
      'MODEL_INPUT_UNSUPPORTED',
    ],
    [
      'a half-precision cache',
      [ids, tensor('past_key_values.0.key', 'float16', cacheShape)],
      outputs,
      'MODEL_INPUT_UNSUPPORTED',
    ],
    [
      'a cache of no fixed size',
      [ids, tensor('past_key_values.0.key', 'float32', [1, -1, 0, 16])],
      outputs,
      'MODEL_INPUT_UNSUPPORTED',
    ],
    [
      'a flat cache',
      [ids, tensor('past_key_values.0.key', 'float32', [1, 32])],
      outputs,
      'MODEL_INPUT_UNSUPPORTED',
    ],
    [
      'a sequence',
      [ids, ...cache, { name: 'attention_mask', type: undefined, shape: [] }],
      outputs,
      'MODEL_INPUT_UNSUPPORTED',
    ],
    ['no logits', [ids, ...cache], outputs.slice(1), 'MODEL_OUTPUT_MISSING'],
    ['no new cache', [ids, ...cache], outputs.slice(0, 2), 'MODEL_OUTPUT_MISSING'],
  ]
  it.each(wrong)('refuses %s', (_, inputs, given, code) => {
    expect(() => readSignature({ inputs, outputs: given })).toThrow(
      expect.objectContaining({ kind: 'config', code }),
    )
  })
})
