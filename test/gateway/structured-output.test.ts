/** `response_format` and `text.format`, with zod schemas as the clients' helpers send them. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, Output } from 'ai'
import type OpenAI from 'openai'
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod'
import { expect, it } from 'vitest'
import { z } from 'zod'
import type { ChatRequest } from '#node/roles/client-service.ts'
import { startTestGateway } from '../support/gateway.ts'
import { answerOf } from '../support/scripted-client-service.ts'

const model = 'cocoon/demo'
const messages = [{ role: 'user' as const, content: 'Where?' }]
const Place = z.object({ city: z.string(), people: z.number().nullable() })
const place = { city: 'Oslo', people: null }

function schemaOf(request: ChatRequest | undefined): unknown {
  const constraint = request?.constraint
  if (constraint?.kind !== 'json_schema') throw new Error('no schema was asked for')
  return JSON.parse(constraint.schema)
}

it('the official client parses what it asked for with a zod schema', async () => {
  const { openai, service } = await startTestGateway()
  service.chatScript = () => answerOf({ text: JSON.stringify(place) })
  const response_format = zodResponseFormat(Place, 'place')
  const { choices } = await openai.chat.completions.parse({ model, messages, response_format })
  expect(choices[0]?.message.parsed).toEqual(place)
  expect(schemaOf(service.asked[0])).toEqual(response_format.json_schema.schema)
})

it('responses parse it, too, and repeat the format', async () => {
  const { openai, service } = await startTestGateway()
  service.chatScript = () => answerOf({ text: JSON.stringify(place) })
  const format = zodTextFormat(Place, 'place')
  const response = await openai.responses.parse({ model, input: 'Where?', text: { format } })
  expect(response.output_parsed).toEqual(place)
  expect(response.text?.format).toMatchObject({ type: 'json_schema', name: 'place' })
  expect(schemaOf(service.asked[0])).toEqual(format.schema)
})

it('the ai SDK makes objects', async () => {
  const { url, service } = await startTestGateway()
  service.chatScript = () => answerOf({ text: JSON.stringify(place) })
  const options = { name: 'cocoon', baseURL: `${url}/v1`, supportsStructuredOutputs: true }
  const { output } = await generateText({
    model: createOpenAICompatible(options)(model),
    prompt: 'Where?',
    output: Output.object({ schema: Place }),
  })
  expect(output).toEqual(place)
  expect(schemaOf(service.asked[0])).toMatchObject({ required: ['city', 'people'] })
})

it('json_object asks for any object, text for nothing', async () => {
  const { openai, service } = await startTestGateway()
  for (const type of ['json_object', 'text'] as const) {
    await openai.chat.completions.create({ model, messages, response_format: { type } })
  }
  const asked = service.asked.map(({ constraint }) => constraint)
  expect(asked).toEqual([{ kind: 'json_object' }, undefined])
})

it.each([
  [{ type: 'json_schema' }, 'response_format.json_schema'],
  [{ type: 'json_schema', json_schema: { name: 'x' } }, 'response_format.json_schema.schema'],
  [{ type: 'grammar', grammar: 'x' }, 'response_format.type'],
])('%j is refused by the name of the field', async (response_format, param) => {
  const { openai, service } = await startTestGateway()
  const body = { model, messages, response_format }
  const refused = openai.chat.completions.create(
    body as OpenAI.ChatCompletionCreateParamsNonStreaming,
  )
  await expect(refused).rejects.toMatchObject({ status: 400, param })
  expect(service.asked).toEqual([])
})
