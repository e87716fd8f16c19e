/** Answers of one request in the results of jobs; the job itself, its other lines and its money stay. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { writeDurably } from '#node/wallet/durable-file.ts'

/**
 * @param jobs ids, as JobBook names their files
 * @param receipts ids of the receipts whose answers go
 * @returns how many answers were deleted
 */
export function eraseAnswers(
  home: string,
  jobs: readonly string[],
  receipts: ReadonlySet<string>,
): number {
  const files = jobs.flatMap((id) => jobFile(home, id) ?? [])
  return files.reduce((sum, file) => sum + eraseLines(file, receipts), 0)
}

/** Undefined: no id that a job ever had, so that no path is made of it. */
export function jobFile(home: string, id: string): string | undefined {
  if (!/^[0-9a-zA-Z_-]{8,128}$/.test(id)) return undefined
  return path.join(home, 'jobs', `${id.slice(0, 32)}.results.jsonl`)
}

function eraseLines(file: string, receipts: ReadonlySet<string>): number {
  if (!existsSync(file)) return 0
  const lines = readFileSync(file, 'utf8').split('\n')
  const kept = lines.filter((line) => !receipts.has(receiptOf(line)))
  if (kept.length < lines.length) writeDurably(file, kept.join('\n'))
  return lines.length - kept.length
}

function receiptOf(line: string): string {
  try {
    const { receiptId } = JSON.parse(line) as { readonly receiptId?: unknown }
    return typeof receiptId === 'string' ? receiptId : ''
  } catch {
    return ''
  }
}
