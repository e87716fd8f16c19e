import { describe, expect, it } from 'vitest'
import { readSignature } from '#inference/onnx/graph/signature.ts'
import type { GraphValue } from '#inference/onnx/graph/values.ts'

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
      logitsCount: undefined,
      logits: { name: 'logits', type: 'float32', shape: [1], rows: undefined },
      cache: ['key', 'value'].map((part) => ({
        input: `past_key_values.0.${part}`,
        output: `present.0.${part}`,
        type: 'float32',
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

  it('pairs caches by layer and part, whatever the exporter calls them', () => {
    const named = (prefix: string, mark: string) =>
      ['value', 'key'].map((part) =>
        tensor(`${prefix}${mark}0${mark}${part}`, 'float16', cacheShape),
      )
    const signature = readSignature({
      inputs: [ids, tensor('num_logits_to_keep', 'int64', []), ...named('past', '_')],
      outputs: [tensor('logits', 'float16', [1, 2, 3]), ...named('present_key_values', '.')],
    })
    expect(signature).toMatchObject({
      logitsCount: { name: 'num_logits_to_keep', rank: 0 },
      logits: { type: 'float16', rows: undefined },
      cache: [
        { input: 'past_0_value', output: 'present_key_values.0.value', type: 'float16' },
        { input: 'past_0_key', output: 'present_key_values.0.key', type: 'float16' },
      ],
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
      'a cache that changes its type',
      [ids, tensor('past_key_values.0.key', 'float16', cacheShape)],
      outputs,
      'MODEL_OUTPUT_UNSUPPORTED',
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
    [
      'a count of logits that is a table',
      [ids, ...cache, { name: 'num_logits_to_keep', type: 'int64', shape: [1, 1] }],
      outputs,
      'MODEL_INPUT_UNSUPPORTED',
    ],
    [
      'whole numbers as logits',
      [ids, ...cache],
      [tensor('logits', 'int64'), ...outputs.slice(1)],
      'MODEL_OUTPUT_UNSUPPORTED',
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
