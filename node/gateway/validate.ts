/** Turns a body into a typed value, or into one error that names the field. */
import type { z } from 'zod'
import { ConfigError } from '#protocol/errors.ts'

/**
 * @throws ConfigError REQUEST_INVALID or FIELD_UNSUPPORTED, `data.param` naming the field
 */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(withoutNulls(body))
  if (parsed.success) return parsed.data
  throw schemaError(parsed.error)
}

/** JSON schemas, in which null is a value. */
const SCHEMA_FIELDS = new Set(['parameters', 'schema'])

/** OpenAI clients send null for "not given", at the top and inside messages. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  // A file of a form is passed on as it is.
  if (typeof value !== 'object' || value === null || value instanceof Blob) return value
  const kept = Object.entries(value).filter(([, inner]) => inner !== null)
  return Object.fromEntries(
    kept.map(([key, inner]) => [key, SCHEMA_FIELDS.has(key) ? inner : withoutNulls(inner)]),
  )
}

function schemaError(error: z.ZodError): ConfigError {
  const issue = error.issues[0]!
  if (issue.code === 'unrecognized_keys') {
    const param = fieldName([...issue.path, issue.keys[0]!])
    return new ConfigError('FIELD_UNSUPPORTED', `unknown or unsupported field: ${param}`, {
      remedy: `Leave ${param} out; docs/spec/openai.md lists what is supported.`,
      data: { param },
    })
  }
  const param = fieldName(issue.path)
  const where = param === '' ? 'the body' : param
  return new ConfigError('REQUEST_INVALID', `${where}: ${issue.message}`, {
    remedy: `Correct ${where} and send the request again.`,
    data: { param },
  })
}

const FIELD_NAME_CHARS_MAX = 128

/** `messages[0].content`; a stranger's key is cut, since it is echoed. */
function fieldName(path: readonly PropertyKey[]): string {
  const joined = path.reduce<string>((name, part) => {
    if (typeof part === 'number') return `${name}[${part}]`
    return name === '' ? String(part) : `${name}.${String(part)}`
  }, '')
  return joined.slice(0, FIELD_NAME_CHARS_MAX)
}

/**
 * @param request hono's, which keeps the body for others that look at it, as long as all of them ask for bytes
 * @throws ConfigError REQUEST_INVALID when the body is not JSON in UTF-8 (RFC 8259, section 8.1): a prompt with
 *   signs in the place of what was meant would be paid for
 */
export async function readJson(request: {
  readonly arrayBuffer: () => Promise<ArrayBuffer>
}): Promise<unknown> {
  const bytes = await request.arrayBuffer()
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new ConfigError('REQUEST_INVALID', 'the body is not UTF-8', {
      remedy: 'Send one JSON object in UTF-8.',
      data: { param: '' },
    })
  }
  return parseJson(text)
}

/** @throws ConfigError REQUEST_INVALID */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message would quote the body, which may be a prompt.
    throw new ConfigError('REQUEST_INVALID', 'the body is not JSON', {
      remedy: 'Send one JSON object in UTF-8.',
      data: { param: '' },
    })
  }
}
