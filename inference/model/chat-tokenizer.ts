/** Chats to ids and ids to text, from a model's small files alone: a client needs no weights. */
import { Tokenizer } from '@huggingface/tokenizers'
import { utf8 } from '#protocol/bytes.ts'
import { ConfigError } from '#protocol/errors.ts'
import { CHAT_CHARS_MAX, CHAT_MESSAGES_MAX, TOKENIZER_TIMEOUT_MS } from '../constants.ts'
import type { ChatMessage, ChatTokenizer } from '../engine.ts'
import {
  callerTexts,
  chatRenderer,
  mapCallerTexts,
  templateChat,
  toolsUnsupported,
} from './chat-template.ts'
import type { ModelFiles } from './manifest.ts'
import { parseModelConfig } from './model-config.ts'
import { breakMarkers, splitAtMarkers, unusedCharacter } from './special-text.ts'
import { createTextStream } from './text-stream.ts'
import { isTimeOver, withinTime } from './time-bound.ts'
import { coversEveryByte, tokenPieces } from './token-bytes.ts'
import { type AddedToken, parseTokenizerFiles, type TokenizerJson } from './tokenizer-files.ts'

/**
 * Loads the tokenizer of a model in the Hugging Face layout (see readTokenizerFiles).
 * encodeChat throws ConfigError TEXT_INVALID, CHAT_TOO_LONG, CHAT_TEMPLATE_FAILED, TOOLS_INVALID and
 * TOOLS_UNSUPPORTED.
 * @throws ConfigError MODEL_FILE_MISSING, MODEL_FILE_INVALID, CHAT_TEMPLATE_MISSING,
 *   TOKENIZER_UNSUPPORTED
 */
export function loadChatTokenizer(files: ModelFiles): ChatTokenizer {
  const config = parseModelConfig(files)
  const parsed = parseTokenizerFiles(files)
  const specials = new Map(
    parsed.tokenizer.added_tokens
      .filter((token) => token.special)
      .map((token) => [token.content, token]),
  )
  const encodeText = textEncoder(parsed.tokenizer)
  const render = chatRenderer(parsed)
  const pieces = tokenPieces(parsed.tokenizer)
  const endOfText = specials.get(parsed.namedTokens.eos_token ?? '')?.id
  const endTokenIds = new Set(config.endTokenIds)
  if (endOfText !== undefined) endTokenIds.add(endOfText)

  return {
    endTokenIds: [...endTokenIds].sort((a, b) => a - b),
    vocabularySize: config.vocabularySize,
    encodeChat(messages, tools = []) {
      const chat = templateChat(messages, tools)
      const texts = callerTexts(chat)
      checkChat(messages, texts)
      const markers = [...specials.keys()]
      const hasTools = tools.length > 0 || messages.some(({ toolCalls }) => toolCalls !== undefined)
      if (hasTools && markers.some(isReachedByEscapes)) throw toolsUnsupported()
      const breaker = unusedCharacter(texts)
      const broken = mapCallerTexts(chat, (text) => breakMarkers(text, markers, breaker))
      const rendered = render(broken)
      return withinTokenizerTime(() => encodeRendered(rendered, specials, breaker, encodeText))
    },
    tokenBytes(id) {
      const piece = pieces.get(id)
      if (piece === undefined) return new Uint8Array(0)
      return piece.kind === 'bytes' ? piece.bytes : utf8(piece.text)
    },
    textStream: (stop) => createTextStream(pieces, stop),
  }
}

/** Markers become their ids; the text between them is mended and encoded as ordinary text. */
function encodeRendered(
  rendered: string,
  specials: ReadonlyMap<string, AddedToken>,
  breaker: string,
  encodeText: (text: string) => readonly number[],
): number[] {
  const parts = splitAtMarkers(rendered, [...specials.keys()])
  const ids: number[] = []
  for (const [at, part] of parts.entries()) {
    if (part.kind === 'marker') {
      const special = specials.get(part.text)
      if (special !== undefined) ids.push(special.id)
      continue
    }
    let text = part.text.replaceAll(breaker, '')
    if (specials.get(parts[at - 1]?.text ?? '')?.rstrip) text = text.trimStart()
    if (specials.get(parts[at + 1]?.text ?? '')?.lstrip) text = text.trimEnd()
    // One by one: a million arguments of one call are more than a stack holds.
    for (const id of text.length > 0 ? encodeText(text) : []) ids.push(id)
  }
  return ids
}

/** An encoder that has never heard of the special tokens, so that no text can become one. */
function textEncoder(tokenizer: TokenizerJson): (text: string) => readonly number[] {
  const specials = tokenizer.added_tokens.filter((token) => token.special)
  const vocab = { ...tokenizer.model.vocab }
  for (const special of specials) delete vocab[special.content]
  const plain = {
    ...tokenizer,
    added_tokens: tokenizer.added_tokens.filter((token) => !token.special),
    model: { ...tokenizer.model, vocab },
  }
  // The library drops bytes that the vocabulary does not have, and says nothing.
  if (!coversEveryByte(vocab)) throw unsupported('its vocabulary does not cover every byte')
  let library: Tokenizer
  try {
    library = new Tokenizer(plain, { clean_up_tokenization_spaces: false })
  } catch {
    throw unsupported('it uses a part that is unknown')
  }
  return (text) => library.encode(text, { add_special_tokens: false }).ids
}

/** @throws ConfigError TOKENIZER_UNSUPPORTED */
function withinTokenizerTime(encode: () => number[]): number[] {
  try {
    return withinTime(TOKENIZER_TIMEOUT_MS, encode)
  } catch (thrown) {
    // The library's message may quote the text: it stops here.
    throw unsupported(isTimeOver(thrown) ? 'it takes too long for a text' : 'it fails at a text')
  }
}

function unsupported(reason: string): ConfigError {
  return new ConfigError('TOKENIZER_UNSUPPORTED', `the tokenizer is unsupported: ${reason}`, {
    remedy: 'Use a model with a byte-level BPE tokenizer, or send shorter messages.',
    data: { reason },
  })
}

/**
 * Whether JSON's escapes of a text, which templates write for tools and calls, could complete the
 * marker: it has a backslash, or begins like the rest of an escape. No known model has such a one.
 */
function isReachedByEscapes(marker: string): boolean {
  return marker.includes('\\') || /^[0-9A-Fa-fbnrtu]/.test(marker)
}

/** @param texts all of the chat that a caller wrote */
function checkChat(messages: readonly ChatMessage[], texts: readonly string[]): void {
  const chars = texts.reduce((sum, text) => sum + text.length, 0)
  if (messages.length > CHAT_MESSAGES_MAX || chars > CHAT_CHARS_MAX) {
    throw new ConfigError('CHAT_TOO_LONG', 'the chat has too many messages or characters', {
      remedy: 'Send fewer messages.',
      data: { messagesMax: CHAT_MESSAGES_MAX, charsMax: CHAT_CHARS_MAX },
    })
  }
  if (texts.every((text) => text.isWellFormed())) return
  throw new ConfigError('TEXT_INVALID', 'a message contains half of a surrogate pair', {
    remedy: 'Send well-formed Unicode.',
  })
}
