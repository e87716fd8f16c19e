/** `n`: a request through the network for each choice, as one answer. */
import { expect, it } from 'vitest'
import { CHATS_IN_FLIGHT_MAX } from '#node/gateway/constants.ts'
import { UnavailableError } from '#protocol/errors.ts'
import { collect } from '../support/collect.ts'
import { startTestGateway } from '../support/gateway.ts'
import { answerOf, answerWith } from '../support/scripted-client-service.ts'

const ask = {
  model: 'cocoon/demo',
  messages: [{ role: 'user' as const, content: 'Hi' }],
  seed: 5,
}

it('n = 3 asks three times with seeds that follow, sums usage and price, and joins receipts', async () => {
  const { openai, service } = await startTestGateway()
  service.chatScript = ({ seed }) => answerOf({ text: `seed ${seed}`, receiptId: `r${seed}` })
  const { data, response } = await openai.chat.completions.create({ ...ask, n: 3 }).withResponse()
  expect(data.choices.map(({ index, message }) => [index, message.content])).toEqual([
    [0, 'seed 5'],
    [1, 'seed 6'],
    [2, 'seed 7'],
  ])
  expect(data.usage).toMatchObject({ prompt_tokens: 27, completion_tokens: 9, total_tokens: 36 })
  expect(response.headers.get('x-cocoon-price-nano')).toBe(`${3 * 12_345}`)
  expect(response.headers.get('x-cocoon-receipt')).toBe('r5, r6, r7')
})

it('seeds follow modulo 2^64, and without a seed they still differ', async () => {
  const { openai, service } = await startTestGateway()
  await openai.chat.completions.create({ ...ask, seed: -1, n: 2 })
  expect(service.asked.map(({ seed }) => seed)).toEqual([2n ** 64n - 1n, 0n])
  service.asked.length = 0
  await openai.chat.completions.create({ ...ask, seed: null, n: 2 })
  const [first, second] = service.asked.map(({ seed }) => seed)
  expect(second).toBe(BigInt.asUintN(64, first! + 1n))
})

it('streamed choices carry their index, and run side by side', async () => {
  const { openai, service } = await startTestGateway()
  const began = Array.from({ length: 3 }, () => Promise.withResolvers<void>())
  service.chatScript = async function* ({ seed }) {
    const own = Number(seed) - 5
    for await (const event of answerWith([`a${own}`, `b${own}`])) {
      if (event.kind === 'text') {
        // Nobody goes on before all have begun.
        began[own]!.resolve()
        await Promise.all(began.map(({ promise }) => promise))
      }
      yield event
    }
  }
  const parts = await collect(
    await openai.chat.completions.create({
      ...{ ...ask, n: 3, stream: true },
      stream_options: { include_usage: true },
    }),
  )
  const of = (index: number) =>
    parts.flatMap(({ choices }) => choices.filter((one) => one.index === index))
  for (const index of [0, 1, 2]) {
    expect(of(index)[0]?.delta.role).toBe('assistant')
    expect(
      of(index)
        .map(({ delta }) => delta.content ?? '')
        .join(''),
    ).toBe(`a${index}b${index}`)
    expect(of(index).at(-1)?.finish_reason).toBe('stop')
  }
  expect(parts.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 36 } })
})

it('a cap is shared among the choices', async () => {
  const { openai, service } = await startTestGateway()
  const headers = { 'x-cocoon-max-price-nano': '1000' }
  await openai.chat.completions.create({ ...ask, n: 3 }, { headers })
  expect(service.asked.map(({ maxPriceNano }) => maxPriceNano)).toEqual([333n, 333n, 333n])
})

it('when one choice is refused, none is answered and the others are ended', async () => {
  const { openai, service } = await startTestGateway()
  const ended: bigint[] = []
  service.chatScript = async function* ({ seed }) {
    try {
      if (seed === 6n) throw new UnavailableError('NO_PROVIDER', 'nobody')
      yield* answerOf({})
    } finally {
      ended.push(seed)
    }
  }
  const refused = openai.chat.completions.create({ ...ask, n: 3 }, { maxRetries: 0 })
  await expect(refused).rejects.toMatchObject({ status: 503, code: 'NO_PROVIDER' })
  expect(ended.sort()).toEqual([5n, 6n, 7n])
})

it('when one choice breaks off, the stream ends with its error and the others are cancelled', async () => {
  const { openai, service } = await startTestGateway()
  const cancelled = Promise.withResolvers<void>()
  service.chatScript = async function* ({ seed }, signal) {
    const events = answerOf({})
    yield (await events.next()).value!
    if (seed === 6n) throw new UnavailableError('PROVIDER_LOST', 'gone')
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    cancelled.resolve()
  }
  const stream = await openai.chat.completions.create({ ...ask, n: 2, stream: true })
  await expect(collect(stream)).rejects.toMatchObject({ code: 'PROVIDER_LOST' })
  await cancelled.promise
})

it('each choice takes a place among the chats that run at once', async () => {
  const { openai, service } = await startTestGateway()
  const mayEnd = Promise.withResolvers<void>()
  service.chatScript = async function* () {
    await mayEnd.promise
    yield* answerOf({})
  }
  const calls = Array.from({ length: CHATS_IN_FLIGHT_MAX / 8 }, () =>
    openai.chat.completions.create({ ...ask, n: 8 }),
  )
  await expect.poll(() => service.asked.length).toBe(CHATS_IN_FLIGHT_MAX)
  const another = openai.chat.completions.create(ask, { maxRetries: 0 })
  await expect(another).rejects.toMatchObject({ status: 429, code: 'GATEWAY_BUSY' })
  mayEnd.resolve()
  for (const { choices } of await Promise.all(calls)) expect(choices).toHaveLength(8)
  // All places are free again.
  expect((await openai.chat.completions.create({ ...ask, n: 8 })).choices).toHaveLength(8)
})

it('an estimate knows n', async () => {
  const { url } = await startTestGateway()
  const estimate = async (body: object) => {
    const response = await fetch(`${url}/v1/estimate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return (await response.json()) as Record<string, unknown>
  }
  const one = await estimate(ask)
  const three = await estimate({ ...ask, n: 3 })
  expect([one['n'], three['n']]).toEqual([1, 3])
  for (const field of ['max_price_nano', 'expected_price_nano', 'dearest_price_nano']) {
    expect(three[field]).toBe(`${3 * Number(one[field])}`)
  }
  expect(three['prompt_tokens']).toBe(27)
})

it('legacy completions number the choices of all prompts', async () => {
  const { openai, service } = await startTestGateway()
  service.chatScript = ({ messages, seed }) => answerOf({ text: `${messages[0]?.content}${seed}` })
  const body = { model: ask.model, prompt: ['a', 'b'], seed: 5, n: 2 }
  const whole = await openai.completions.create(body)
  expect(whole.choices.map(({ text }) => text)).toEqual(['a5', 'a6', 'b5', 'b6'])
  expect(whole.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3])
  const parts = await collect(await openai.completions.create({ ...body, stream: true }))
  const texts = ['', '', '', '']
  for (const { index, text } of parts.flatMap(({ choices }) => choices)) texts[index] += text
  expect(texts).toEqual(['a5', 'a6', 'b5', 'b6'])
})
