/** A batch job as JSON Lines: one request a line, `messages` or `prompt`. */
import { ConfigError } from '#protocol/errors.ts'
import { type JobLineBody, jobLineSchema } from '../gateway/api-schema.ts'
import { JOB_LINES_MAX } from '../gateway/constants.ts'
import { parseBody } from '../gateway/validate.ts'

/**
 * Empty lines are passed over; errors name the line by its number in the file.
 * @throws ConfigError JOB_FILE
 */
export function parseJobFile(content: string): JobLineBody[] {
  const lines: JobLineBody[] = []
  const lineByCustomId = new Map<string, number>()
  for (const [index, text] of content.split(/\r?\n/).entries()) {
    if (text.trim() === '') continue
    if (lines.length >= JOB_LINES_MAX) throw invalid(index, `more than ${JOB_LINES_MAX} requests`)
    const line = parseLine(index, text)
    if (line.custom_id !== undefined) {
      const earlier = lineByCustomId.get(line.custom_id)
      if (earlier !== undefined) throw invalid(index, `custom_id as on line ${earlier}`)
      lineByCustomId.set(line.custom_id, index + 1)
    }
    lines.push(line)
  }
  if (lines.length === 0) throw invalid(0, 'the file holds no request')
  return lines
}

function parseLine(index: number, text: string): JobLineBody {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalid(index, 'not JSON')
  }
  try {
    return parseBody(jobLineSchema, value)
  } catch (error) {
    throw invalid(index, error instanceof Error ? error.message : 'not a request')
  }
}

function invalid(index: number, why: string): ConfigError {
  return new ConfigError('JOB_FILE', `line ${index + 1}: ${why}`, {
    remedy: 'Each line is {"custom_id"?, "messages": […] or "prompt": "…", "max_tokens"?}.',
    data: { line: index + 1 },
  })
}
