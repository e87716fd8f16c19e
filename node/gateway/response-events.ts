/** The events of a streamed response: its message, opened by its first text, and its calls of functions. */
import type { ChatToolCall } from '#inference/engine.ts'
import type { ChatResult } from '#node/roles/client-service.ts'
import { endStatus, functionCallItem, outputMessage, textPart } from './response-document.ts'
import { sseEvent } from './sse.ts'

/**
 * Calls come after the message's text. What follows them belongs to the message, too, so the message
 * ends last, while every call ends at once.
 */
export class ResponseEvents {
  readonly #requestId: string
  #sequence = 0
  #itemsOpened = 0
  /** Place of the message among the items, once it is open. */
  #messageAt: number | undefined

  constructor(requestId: string) {
    this.#requestId = requestId
  }

  event(type: string, fields: object): string {
    return sseEvent(type, { type, sequence_number: this.#sequence++, ...fields })
  }

  *text(delta: string): Generator<string> {
    if (delta === '') return
    if (this.#messageAt === undefined) yield* this.#openMessage()
    yield this.event('response.output_text.delta', { ...this.#place(), delta, logprobs: [] })
  }

  *toolCall(call: ChatToolCall): Generator<string> {
    const output_index = this.#itemsOpened++
    const item = functionCallItem(call, 'completed')
    const at = { item_id: item.id, output_index }
    const begun = { ...functionCallItem(call, 'in_progress'), arguments: '' }
    yield this.event('response.output_item.added', { output_index, item: begun })
    const { arguments: text, name } = call
    yield this.event('response.function_call_arguments.delta', { ...at, delta: text })
    yield this.event('response.function_call_arguments.done', { ...at, name, arguments: text })
    yield this.event('response.output_item.done', { output_index, item })
  }

  /** Without text and calls the message is there all the same, and empty. */
  *end(result: ChatResult): Generator<string> {
    const { text, toolCalls } = result
    if (this.#messageAt === undefined && toolCalls.length > 0) return
    if (this.#messageAt === undefined) yield* this.#openMessage()
    yield this.event('response.output_text.done', { ...this.#place(), text, logprobs: [] })
    yield this.event('response.content_part.done', { ...this.#place(), part: textPart(text) })
    const item = outputMessage(this.#requestId, endStatus(result), [text])
    yield this.event('response.output_item.done', { output_index: this.#messageAt, item })
  }

  *#openMessage(): Generator<string> {
    this.#messageAt = this.#itemsOpened++
    const item = outputMessage(this.#requestId, 'in_progress', [])
    yield this.event('response.output_item.added', { output_index: this.#messageAt, item })
    yield this.event('response.content_part.added', { ...this.#place(), part: textPart('') })
  }

  #place() {
    const item_id = `msg_${this.#requestId}`
    return { item_id, output_index: this.#messageAt, content_index: 0 }
  }
}
