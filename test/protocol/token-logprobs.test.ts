/** Log probabilities inside of tokens: what survives the wire, and what is refused. */
import { expect, it } from 'vitest'
import { encodeMessage } from '#protocol/codec.ts'
import { ASK_TOP_LOGPROBS_MAX } from '#protocol/constants.ts'
import { decodeProviderContent, encodeProviderContent } from '#protocol/session/provider-content.ts'
import { logprobsFromWire, type TokenLogprobs } from '#protocol/session/token-logprobs.ts'
import { ProviderContentSchema, type TokenLogprobs as Wire } from '#protocol/wire/gen/cocoon_pb.ts'
import { errorCode } from '#test/support/error-code.ts'

function overTheWire(logprobs: readonly TokenLogprobs[]): readonly TokenLogprobs[] | undefined {
  const tokens = { ids: logprobs.map((_, id) => id), promptTokensDone: 1, logprobs }
  const back = decodeProviderContent(encodeProviderContent({ kind: 'tokens', tokens }))
  return back.kind === 'tokens' ? back.tokens.logprobs : undefined
}

const wire = (millionths: number, topIds: number[], topMillionths: number[]): Wire =>
  ({ millionths, topIds, topMillionths }) as unknown as Wire

it('keeps them to a millionth, whatever floating point made of them', () => {
  const [back] = overTheWire([{ logprob: -1.23456789, top: [{ id: 3, logprob: -2 / 3 }] }]) ?? []
  expect(back).toEqual({ logprob: -1.234568, top: [{ id: 3, logprob: -0.666667 }] })
  const odd = [1e-9, -0, Number.NEGATIVE_INFINITY].map((logprob) => ({ logprob, top: [] }))
  expect(overTheWire(odd)?.map(({ logprob }) => logprob)).toEqual([0, 0, -4_294.967295])
})

it.each<[string, Wire]>([
  ['more likely ids than anybody may ask for', wire(0, many(ASK_TOP_LOGPROBS_MAX + 1), many(21))],
  ['a likely id without its probability', wire(0, [1, 2], [5])],
  ['a likely id twice', wire(0, [1, 1], [5, 5])],
  ['likely ids out of order', wire(0, [1, 2], [6, 5])],
])('refuses %s', (_, given) => {
  expect(errorCode(() => logprobsFromWire(given))).toBe('FRAME_MALFORMED')
})

it('refuses fewer or more of them than ids', () => {
  for (const ids of [[1], [1, 2, 3], []]) {
    const value = { ids, promptTokensDone: 1, logprobs: [{ millionths: 1 }, { millionths: 2 }] }
    const bytes = encodeMessage(ProviderContentSchema, { kind: { case: 'tokens', value } })
    expect(errorCode(() => decodeProviderContent(bytes))).toBe('FRAME_MALFORMED')
  }
})

function many(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at)
}
