/** The two files of a batch: answers, and lines that got none, each in the form of OpenAI. */
import type { JobLineResult } from '#node/roles/client-service.ts'
import { completion } from './completion.ts'
import { toJson } from './json.ts'

export interface BatchOutcome {
  readonly batchId: string
  readonly model: string
  /** Unix seconds. */
  readonly created: number
  /** By custom_id, in the order of the input. */
  readonly results: ReadonlyMap<string, JobLineResult | undefined>
}

/** JSON Lines; undefined: there is nothing for this file. */
export interface BatchFiles {
  readonly output: Uint8Array | undefined
  readonly errors: Uint8Array | undefined
}

export function batchFiles(outcome: BatchOutcome): BatchFiles {
  const output: string[] = []
  const errors: string[] = []
  for (const [index, [customId, result]] of [...outcome.results].entries()) {
    const head = { id: `${outcome.batchId}_${index}`, custom_id: customId }
    const body = result === undefined ? undefined : answerBody(outcome, result, index)
    if (body === undefined) {
      const code = result?.error ?? 'BATCH_LINE_NOT_RUN'
      errors.push(toJson({ ...head, response: null, error: { code, message: messageOf(code) } }))
    } else {
      output.push(
        toJson({
          ...head,
          response: { status_code: 200, request_id: body.id.replace('chatcmpl-', ''), body },
          error: null,
        }),
      )
    }
  }
  return { output: linesOf(output), errors: linesOf(errors) }
}

function answerBody(
  { batchId, model, created }: BatchOutcome,
  result: JobLineResult,
  index: number,
) {
  const { text, finish, usage } = result
  if (text === undefined || usage === undefined) return undefined
  const requestId = `${batchId.replace('batch_', '')}-${index}`
  const answer = completion({ requestId, model, created }, [
    {
      ...{ text, usage, toolCalls: [], engine: undefined },
      finish: finish === 'stop' ? 'stop' : 'length',
    },
  ])
  return { ...answer, cocoon: { receipt: result.receiptId } }
}

const messageOf = (code: string): string =>
  code === 'BATCH_LINE_NOT_RUN'
    ? 'the batch ended before this line was answered'
    : 'this line got no answer; docs/ERRORS.md explains the code'

function linesOf(lines: readonly string[]): Uint8Array | undefined {
  return lines.length === 0 ? undefined : new TextEncoder().encode(`${lines.join('\n')}\n`)
}
