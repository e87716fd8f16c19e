import { describe, expect, it } from 'vitest'
import { checkExternalData } from '#inference/onnx/graph/external-data.ts'
import { concat, utf8 } from '#protocol/bytes.ts'
import { tinyGraph } from '../support/tiny-onnx-model.ts'

/** One length-delimited protobuf field, below 128 bytes. */
function field(number: number, ...content: readonly Uint8Array[]): Uint8Array {
  const body = concat(...content)
  const key = number * 8 + 2
  const keyBytes = key < 128 ? [key] : [(key & 127) | 128, key >> 7]
  return concat(Uint8Array.of(...keyBytes, body.length), body)
}

const names = new Set(['weights.bin'])
const invalid = expect.objectContaining({ kind: 'config', code: 'MODEL_GRAPH_INVALID' })
const entry = (value: string) => field(13, field(1, utf8('location')), field(2, utf8(value)))

describe('external data of a graph', () => {
  const places: [string, (tensor: Uint8Array) => Uint8Array][] = [
    ['initializer', (tensor) => field(7, field(5, tensor))],
    ['sparse initializer', (tensor) => field(7, field(15, field(1, tensor)))],
    ['sparse indices', (tensor) => field(7, field(15, field(2, tensor)))],
    ['constant', (tensor) => field(7, field(1, field(5, field(5, tensor))))],
    ['list of tensors', (tensor) => field(7, field(1, field(5, field(10, tensor))))],
    ['sparse constant', (tensor) => field(7, field(1, field(5, field(22, field(1, tensor)))))],
    ['branch', (tensor) => field(7, field(1, field(5, field(6, field(5, tensor)))))],
    ['list of branches', (tensor) => field(7, field(1, field(5, field(11, field(5, tensor)))))],
    ['function', (tensor) => field(25, field(7, field(5, field(5, tensor))))],
    ['second graph', (tensor) => concat(field(7), field(7, field(5, tensor)))],
  ]
  it.each(places)('is found in a %s', (_, place) => {
    expect(() => checkExternalData(place(entry('weights.bin')), names)).not.toThrow()
    for (const location of ['../weights.bin', '/weights.bin', 'Weights.bin', '', 'weights.bin\0']) {
      expect(() => checkExternalData(place(entry(location)), names), location).toThrow(invalid)
    }
  })

  it('takes every value of an ambiguous entry', () => {
    const twice = field(
      13,
      field(2, utf8('weights.bin')),
      field(2, utf8('x')),
      field(1, utf8('location')),
    )
    const renamed = field(13, field(1, utf8('location')), field(1, utf8('a')), field(2, utf8('x')))
    for (const hidden of [twice, renamed, field(13, field(1, utf8('location')))]) {
      expect(() => checkExternalData(field(7, field(5, hidden)), names)).toThrow(invalid)
    }
  })

  it('refuses what is no protobuf, the other format and endless nesting', () => {
    const { graph } = tinyGraph({})
    expect(() => checkExternalData(graph, names)).not.toThrow()
    expect(() => checkExternalData(graph.subarray(0, graph.length - 1), names)).toThrow(invalid)
    for (const bytes of [[0x3b], [0x3a, 5, 1], [0x38], [0x39, 1], new Array(11).fill(0xff)]) {
      expect(() => checkExternalData(Uint8Array.from(bytes), names)).toThrow(invalid)
    }
    const ort = concat(Uint8Array.of(0x20, 0, 0, 0), utf8('ORTM'))
    expect(() => checkExternalData(ort, names)).toThrow(invalid)
  })
})
