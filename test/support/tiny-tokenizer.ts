/** A byte-level BPE tokenizer of about 300 tokens with ChatML markers, in the files of a model. */

export const TINY_SPECIALS = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'] as const
/** Ordinary text that is one token, like the tool tags of larger models. */
export const TINY_ADDED_TEXT = '<note>'
/** 256 bytes, merges, markers and the added text come to less; the rest of the ids is unused. */
export const TINY_VOCABULARY = 304
export const TINY_END_TOKEN_ID = 258

const WORDS = ['the', ' the', ' and', 'user', 'system', 'assistant', ' stop', 'hello', ' wörld']

/** GPT-2's table from bytes to printable characters. */
const CHARACTER_OF_BYTE: readonly string[] = (() => {
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => {
    const isItself =
      (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255)
    return String.fromCodePoint(isItself ? byte : next++)
  })
})()

function mergesAndTokens() {
  const merges: string[] = []
  const tokens = new Set<string>()
  for (const word of WORDS) {
    const characters = [...Buffer.from(word)].map((byte) => CHARACTER_OF_BYTE[byte] ?? '')
    let left = characters[0] ?? ''
    for (const right of characters.slice(1)) {
      if (!tokens.has(left + right)) merges.push(`${left} ${right}`)
      left += right
      tokens.add(left)
    }
  }
  return { merges, tokens: [...tokens] }
}

export function tinyTokenizerFiles(): Record<string, string> {
  const { merges, tokens } = mergesAndTokens()
  const vocab: Record<string, number> = {}
  for (const [byte, character] of CHARACTER_OF_BYTE.entries()) vocab[character] = byte
  for (const [at, special] of TINY_SPECIALS.entries()) vocab[special] = 256 + at
  for (const [at, token] of [TINY_ADDED_TEXT, ...tokens].entries()) vocab[token] = 259 + at
  const added = [...TINY_SPECIALS, TINY_ADDED_TEXT].map((content) => ({
    id: vocab[content],
    content,
    special: content !== TINY_ADDED_TEXT,
    normalized: false,
    single_word: false,
    lstrip: false,
    rstrip: false,
  }))
  const byteLevel = {
    type: 'ByteLevel',
    add_prefix_space: false,
    trim_offsets: true,
    use_regex: true,
  }
  return {
    'tokenizer.json': JSON.stringify({
      version: '1.0',
      added_tokens: added,
      normalizer: null,
      pre_tokenizer: byteLevel,
      post_processor: null,
      decoder: byteLevel,
      model: { type: 'BPE', unk_token: null, byte_fallback: false, vocab, merges },
    }),
    'tokenizer_config.json': JSON.stringify({
      eos_token: '<|im_end|>',
      bos_token: '<|endoftext|>',
      chat_template:
        "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}" +
        "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
    }),
    'generation_config.json': JSON.stringify({ eos_token_id: TINY_END_TOKEN_ID }),
  }
}
