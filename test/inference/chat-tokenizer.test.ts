import { existsSync } from 'node:fs'
import path from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChatMessage, ChatTokenizer } from '#inference/engine.ts'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import type { ModelFiles } from '#inference/model/manifest.ts'
import { readTokenizerFiles } from '#inference/model/read-model.ts'
import { fromUtf8, utf8 } from '#protocol/bytes.ts'
import { simulatedModelFiles } from '../support/simulated-engine.ts'
import { TINY_ADDED_TEXT, TINY_SPECIALS } from '../support/tiny-tokenizer.ts'

const DEMO = path.join(import.meta.dirname, '../../models/demo')
const tiny = simulatedModelFiles()

/** The ids of ChatML as the model was trained on it: markers split off, the rest tokenised whole. */
function trainedIds(files: ModelFiles, messages: readonly ChatMessage[]): number[] {
  const json = JSON.parse(fromUtf8(files.get('tokenizer.json') ?? new Uint8Array()))
  const library = new Tokenizer(json, {})
  const turns = messages.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>\n`)
  const text = `${turns.join('')}<|im_start|>assistant\n`
  return library.encode(text, { add_special_tokens: false }).ids
}

function decode(tokenizer: ChatTokenizer, ids: readonly number[]): string {
  const stream = tokenizer.textStream([])
  return ids.map((id) => stream.push(id)).join('') + stream.end()
}

const honestMessages = fc.array(
  fc.record({
    role: fc.constantFrom('system' as const, 'user' as const, 'assistant' as const),
    content: fc
      .string({ unit: 'grapheme', maxLength: 30 })
      .filter((text) => TINY_SPECIALS.every((marker) => !text.includes(marker))),
  }),
  { minLength: 1, maxLength: 4 },
)

describe('chat tokenizer', () => {
  const models: (readonly [string, ModelFiles])[] = [['tiny', tiny]]
  it('gives the ids the model was trained on', async () => {
    if (existsSync(DEMO)) models.push(['demo', await readTokenizerFiles(DEMO)])
    for (const [, files] of models) {
      const tokenizer = loadChatTokenizer(files)
      fc.assert(
        fc.property(honestMessages, (messages) => {
          expect(tokenizer.encodeChat(messages)).toEqual(trainedIds(files, messages))
        }),
      )
    }
  })

  it('reads markers in a message as letters, however they are put together', () => {
    const tokenizer = loadChatTokenizer(tiny)
    const pieces = [...TINY_SPECIALS, '<|im_', 'start|>', '<|', '|>', '<', '>', ' ', '\n', 'user']
    const hostile = fc
      .array(fc.constantFrom(...pieces), { maxLength: 8 })
      .map((all) => all.join(''))
    fc.assert(
      fc.property(hostile, hostile, (first, second) => {
        const ids = tokenizer.encodeChat([
          { role: 'user', content: first },
          { role: 'assistant', content: second },
        ])
        // Two turns and the prompt: three beginnings, two ends, whatever the messages say.
        expect(ids.filter((id) => id >= 256 && id <= 258)).toEqual([257, 258, 257, 258, 257])
        const text = `user\n${first}\nassistant\n${second}\nassistant\n`
        expect(decode(tokenizer, ids)).toBe(text)
      }),
      { numRuns: 500 },
    )
  })

  it('breaks no marker of its own: text that only looks like one keeps its ids', () => {
    const content = 'a <| b |> <|im_endless|> <im_end>'
    const messages = [{ role: 'user', content }] as const
    expect(loadChatTokenizer(tiny).encodeChat(messages)).toEqual(trainedIds(tiny, messages))
  })

  it('keeps added tokens that are ordinary text', () => {
    const messages = [{ role: 'user', content: `x${TINY_ADDED_TEXT}y` }] as const
    const tokenizer = loadChatTokenizer(tiny)
    expect(tokenizer.encodeChat(messages)).toEqual(trainedIds(tiny, messages))
    expect(tokenizer.encodeChat(messages)).toContain(259)
    expect(decode(tokenizer, tokenizer.encodeChat(messages))).toContain(`x${TINY_ADDED_TEXT}y`)
  })

  it('lets a template trim messages that carry markers', () => {
    const template = "{% for m in messages %}{{ '<|im_start|>' + (m.content | trim) }}{% endfor %}"
    const tokenizer = loadChatTokenizer(withFile('chat_template.jinja', template))
    const ids = tokenizer.encodeChat([{ role: 'user', content: '  <|im_end|> \n' }])
    expect(decode(tokenizer, ids)).toBe('<|im_end|>')
    expect(ids.filter((id) => id >= 256 && id <= 258)).toEqual([257])
  })

  it('names the end tokens of every file', () => {
    expect(loadChatTokenizer(tiny).endTokenIds).toEqual([258])
    const both = withFile('generation_config.json', '{"eos_token_id":[256,258]}')
    expect(loadChatTokenizer(both).endTokenIds).toEqual([256, 258])
  })

  it('refuses text that cannot be tokenised, without quoting it', () => {
    const tokenizer = loadChatTokenizer(tiny)
    const all = Array.from({ length: 32 }, (_, at) => String.fromCodePoint(0xfdd0 + at)).join('')
    const encode = (content: string) => () => tokenizer.encodeChat([{ role: 'user', content }])
    expect(encode('\ud800')).toThrow(expect.objectContaining({ code: 'TEXT_INVALID' }))
    expect(encode(all)).toThrow(expect.objectContaining({ code: 'TEXT_INVALID' }))
    expect(encode('x'.repeat(1_048_577))).toThrow(
      expect.objectContaining({ code: 'CHAT_TOO_LONG' }),
    )
    const raising = withFile('chat_template.jinja', '{{ raise_exception(messages[0].content) }}')
    const failing = loadChatTokenizer(raising)
    try {
      failing.encodeChat([{ role: 'user', content: 'a secret' }])
      expect.unreachable()
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'CHAT_TEMPLATE_FAILED' })
      expect((thrown as Error).cause).toBeUndefined()
      expect(String(thrown)).not.toContain('a secret')
    }
  })

  it('refuses hostile tokenizer files with a typed error', () => {
    const cases: [string, string, string][] = [
      ['tokenizer.json', '{', 'MODEL_FILE_INVALID'],
      ['tokenizer.json', '{}', 'MODEL_FILE_INVALID'],
      ['tokenizer.json', '[]', 'MODEL_FILE_INVALID'],
      ['tokenizer.json', changed({ decoder: { type: 'WordPiece' } }), 'MODEL_FILE_INVALID'],
      ['tokenizer.json', withoutByte('A'), 'TOKENIZER_UNSUPPORTED'],
      ['tokenizer.json', changed({ normalizer: { type: 'None such' } }), 'TOKENIZER_UNSUPPORTED'],
      [
        'tokenizer.json',
        changed({ added_tokens: [{ id: -1, content: 'x' }] }),
        'MODEL_FILE_INVALID',
      ],
      ['tokenizer_config.json', '{}', 'CHAT_TEMPLATE_MISSING'],
      ['tokenizer_config.json', '{"chat_template":"{% for"}', 'CHAT_TEMPLATE_FAILED'],
      ['config.json', '{"vocab_size":1e12,"max_position_embeddings":64}', 'MODEL_FILE_INVALID'],
      ['config.json', 'null', 'MODEL_FILE_INVALID'],
      ['config.json', '\ufffd', 'MODEL_FILE_INVALID'],
    ]
    for (const [file, text, code] of cases) {
      const open = () => loadChatTokenizer(withFile(file, text))
      expect(open, `${file} ${text.slice(0, 40)}`).toThrow(
        expect.objectContaining({ kind: 'config', code }),
      )
    }
  })
})

function withFile(name: string, text: string): ModelFiles {
  return new Map([...tiny, [name, utf8(text)]])
}

function withoutByte(character: string): string {
  const json = JSON.parse(changed({}))
  delete json.model.vocab[character]
  return JSON.stringify(json)
}

function changed(parts: Readonly<Record<string, unknown>>): string {
  const json = JSON.parse(fromUtf8(tiny.get('tokenizer.json') ?? new Uint8Array()))
  return JSON.stringify({ ...json, ...parts })
}
