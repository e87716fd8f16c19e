/**
 * Deletes what this machine remembers of requests: stories, the salts that open commitments, receipt
 * files with their evidence, prompts and answers of jobs. Channels, vouchers and the leaves of their
 * trees stay: with them the owner proves what was owed, and gets the rest of its deposits back.
 */
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { PeerStore } from '#node/store/peer-store.ts'
import { readStories } from '#node/why/read-stories.ts'
import type { Story } from '#node/why/story.ts'
import { toHex } from '#protocol/bytes.ts'
import { ConfigError } from '#protocol/errors.ts'
import { decodeReceiptBody, decodeReceiptFile } from '#protocol/receipt.ts'
import { eraseAnswers, jobFile } from './erase-answers.ts'
import { eraseFiles } from './erase-files.ts'

export type Selection =
  | { readonly kind: 'all' }
  /** Unix milliseconds. */
  | { readonly kind: 'before'; readonly ms: number }
  /** Any id of one request, or of its receipt. */
  | { readonly kind: 'request'; readonly id: string }

export interface Erased {
  readonly requests: number
  readonly receipts: number
  readonly asks: number
  readonly jobs: number
  /** Of one request, in the results of jobs that stay. */
  readonly answers: number
  /** Uploaded, or written by batches. */
  readonly files: number
}

/**
 * @param home data folder of the client whose store this is
 * @throws ConfigError NOT_FOUND: no request has this id
 */
export function eraseHistory(store: PeerStore, home: string, selection: Selection): Erased {
  const stories = readStories(store).filter((story) => isSelected(story, selection))
  const wireIds = new Set(
    stories.flatMap(({ names, attempts }) => [
      ...names,
      ...attempts.map((one) => one.requestId ?? ''),
    ]),
  )
  const receipts = store
    .receipts()
    .map((row) => ({ ...row, requestId: requestOf(row.file) }))
    .filter((row) => isReceiptSelected(row, wireIds, selection))
  for (const { requestId } of receipts) wireIds.add(requestId)
  const asks = store.askIds().filter((id) => selection.kind === 'all' || wireIds.has(id))
  const jobs = store.jobs().filter(({ updatedAtMs }) => isOld(updatedAtMs, selection))
  if (selection.kind === 'request' && stories.length + receipts.length + asks.length === 0) {
    throw new ConfigError('NOT_FOUND', 'no request of this id is remembered', {
      remedy: 'See `cocoon why --list`.',
    })
  }
  // Files first: a crash in between leaves rows without files, which the next run deletes.
  for (const { file } of receipts) removeBelow(home, file)
  for (const { id } of jobs) removeJobFiles(home, id)
  const receiptIds = new Set(receipts.map(({ id }) => id))
  const jobIds = selection.kind === 'request' ? store.jobs().map(({ id }) => id) : []
  const answers = eraseAnswers(home, jobIds, receiptIds)
  store.transaction(() => {
    for (const { id } of stories) store.eraseStory(id)
    for (const { id } of receipts) store.eraseReceipt(id)
    for (const id of asks) store.eraseAsk(id)
    for (const id of wireIds) store.eraseMeta(`link-salt:${id}`)
    for (const { id } of jobs) store.eraseJob(id)
  })
  const counts = { requests: stories.length, receipts: receipts.length }
  const files = selection.kind === 'request' ? 0 : eraseFiles(home, limitOf(selection))
  return { ...counts, asks: asks.length, jobs: jobs.length, answers, files }
}

const limitOf = (selection: Selection): number =>
  selection.kind === 'before' ? selection.ms : Number.POSITIVE_INFINITY

function isSelected(story: Story, selection: Selection): boolean {
  if (selection.kind !== 'request') return isOld(story.atMs, selection)
  return [story.id, ...story.names, story.receipt?.id].includes(selection.id)
}

function isReceiptSelected(
  row: { readonly id: string; readonly createdAtMs: number; readonly requestId: string },
  wireIds: ReadonlySet<string>,
  selection: Selection,
): boolean {
  if (selection.kind !== 'request') return isOld(row.createdAtMs, selection)
  return row.id === selection.id || row.requestId === selection.id || wireIds.has(row.requestId)
}

function isOld(atMs: number, selection: Selection): boolean {
  return selection.kind === 'all' || (selection.kind === 'before' && atMs < selection.ms)
}

/** Empty: the file is gone or damaged. */
function requestOf(file: string): string {
  try {
    return toHex(decodeReceiptBody(decodeReceiptFile(readFileSync(file)).receipt.body).requestId)
  } catch {
    return ''
  }
}

/** A path in a row is only followed inside of the client's own folder. */
function removeBelow(home: string, file: string): void {
  const inside = path.relative(path.resolve(home), path.resolve(file))
  if (inside === '' || inside.startsWith('..') || path.isAbsolute(inside)) return
  rmSync(file, { force: true })
}

function removeJobFiles(home: string, id: string): void {
  const file = jobFile(home, id)
  if (file !== undefined) rmSync(file, { force: true })
}
