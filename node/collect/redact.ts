/**
 * Takes out of a text what must not leave the machine. Fields are kept only by name; beyond them every
 * long hexadecimal or base64 word is cut to its beginning, so that a key that strayed into a log is
 * no key any more, while two mentions of one thing can still be matched.
 */

/** Left of a long word: enough to match, 32 bits at most of anything secret. */
const KEPT_CHARS = 8
/** A 16-byte request id must stay whole, as reports are followed by it: 32 hexadecimal digits. */
const HEX_WORD = /\b[0-9a-fA-F]{33,}\b/g
const BASE64_WORD = /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{36,}={0,2}/g
const EMAIL = /[\w.+-]+@[\w-]+\.[\w.]+/g
/** API keys and tokens in the forms that people paste. */
const KEY_WORD = /\b(?:sk|ck|cocoon)[-_][A-Za-z0-9_-]{8,}/g
const BEARER = /\b(?:authorization:?\s+)?(?:bearer|basic)\s+\S+|\bauthorization:?\s+\S+/gi

const cut = (word: string): string => `${word.slice(0, KEPT_CHARS)}[cut ${word.length}]`

export interface Redaction {
  /** Exact texts that must not be there: the values of key files and tokens. */
  readonly secrets: readonly string[]
  /** The home folder of the user, whose name is nobody's business. */
  readonly homeDir: string
}

export function redactText(text: string, { secrets, homeDir }: Redaction): string {
  let clean = text
  for (const secret of secrets) {
    if (secret.length >= KEPT_CHARS) clean = clean.replaceAll(secret, '[secret]')
  }
  // Folders first: their names would be long words.
  if (homeDir.length > 1) clean = clean.replaceAll(homeDir, '~')
  return clean
    .replace(BEARER, '[secret]')
    .replace(KEY_WORD, '[key]')
    .replace(EMAIL, '[mail]')
    .replace(HEX_WORD, cut)
    .replace(BASE64_WORD, (word) => (word.includes('/') && isPath(word) ? word : cut(word)))
}

/** A path has several short parts; base64 with two slashes in a row of short parts is not likely. */
function isPath(word: string): boolean {
  return word.split('/').every((part) => part.length < KEPT_CHARS * 4)
}

/** Of a log written as lines of JSON: only these fields go on, with values made of words and numbers. */
const LOG_FIELDS: ReadonlySet<string> = new Set([
  ...['level', 'time', 'pid', 'name', 'msg', 'code', 'requestId', 'provider', 'peer', 'peerId'],
  ...['channel', 'action', 'kind', 'tier', 'ok', 'protocol', 'sequence', 'slotsFree', 'modelId'],
  ...[
    'amountNano',
    'allocatedNano',
    'voucherNano',
    'usedNano',
    'leafIndex',
    'finish',
    'considered',
  ],
  ...['jobId', 'id', 'error'],
])

/** Lines that are no JSON are dropped: nobody knows what is in them. */
export function redactLog(text: string, redaction: Redaction): string {
  const lines = text.split('\n').flatMap((line) => {
    try {
      const entries = Object.entries(JSON.parse(line) as object)
      return [JSON.stringify(Object.fromEntries(entries.filter(([name]) => LOG_FIELDS.has(name))))]
    } catch {
      return []
    }
  })
  return redactText(lines.join('\n'), redaction)
}
