/**
 * A byte-level BPE tokenizer with as many tokens as a shape wants: the 256 bytes, ChatML's markers, then
 * strings of the letters a to z by length, each made from the one before by one merge. Words become tokens
 * of about four letters, as in real vocabularies.
 */

const MARKERS = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'] as const
const BYTES = 256
const LETTERS = [...'abcdefghijklmnopqrstuvwxyz']

/** Of `<|im_end|>`, which ends an answer. */
export const SYNTHETIC_END_TOKEN_ID = BYTES + 2

/** GPT-2's table from bytes to printable characters. */
function charactersOfBytes(): string[] {
  let next = BYTES
  return Array.from({ length: BYTES }, (_, byte) => {
    const isItself =
      (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255)
    return String.fromCodePoint(isItself ? byte : next++)
  })
}

/** [left, right] of merges, shortest result first: "aa", "ab", … "zz", "aaa", … */
function* mergesByLength(): Generator<readonly [string, string]> {
  let shorter: string[] = LETTERS
  for (;;) {
    const made: string[] = []
    for (const left of shorter) {
      for (const right of LETTERS) {
        yield [left, right]
        made.push(left + right)
      }
    }
    shorter = made
  }
}

export interface SyntheticVocabulary {
  readonly vocab: Readonly<Record<string, number>>
  readonly merges: readonly string[]
}

/** @throws RangeError below the 259 tokens that every vocabulary has */
export function syntheticVocabulary(size: number): SyntheticVocabulary {
  if (size < BYTES + MARKERS.length) throw new RangeError('a vocabulary has at least 259 tokens')
  const tokens = [...charactersOfBytes(), ...MARKERS]
  const merges: string[] = []
  for (const [left, right] of mergesByLength()) {
    if (tokens.length === size) break
    merges.push(`${left} ${right}`)
    tokens.push(left + right)
  }
  return { vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges }
}

/** tokenizer.json and tokenizer_config.json. */
export function syntheticTokenizerFiles(size: number): Record<string, string> {
  const { vocab, merges } = syntheticVocabulary(size)
  const byteLevel = {
    type: 'ByteLevel',
    add_prefix_space: false,
    trim_offsets: true,
    use_regex: true,
  }
  const [endOfText, , endOfTurn] = MARKERS
  return {
    'tokenizer.json': JSON.stringify({
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: MARKERS.map((content) => ({
        id: vocab[content],
        content,
        special: true,
        normalized: false,
        single_word: false,
        lstrip: false,
        rstrip: false,
      })),
      normalizer: null,
      pre_tokenizer: byteLevel,
      post_processor: null,
      decoder: byteLevel,
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: '',
        end_of_word_suffix: '',
        fuse_unk: false,
        byte_fallback: false,
        vocab,
        merges,
      },
    }),
    'tokenizer_config.json': JSON.stringify({
      tokenizer_class: 'GPT2Tokenizer',
      bos_token: endOfText,
      eos_token: endOfTurn,
      pad_token: endOfTurn,
      chat_template:
        "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}" +
        "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
    }),
  }
}
