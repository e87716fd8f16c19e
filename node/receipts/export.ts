/** Receipt files of a client, oldest first, as rows for a spreadsheet or another program. */
import { opendirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { stringify } from 'csv-stringify/sync'
import { decodeStatement } from '#attestation/statement.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { asCocoonError, ConfigError } from '#protocol/errors.ts'
import { decodeReceiptBody, decodeReceiptFile, receiptId } from '#protocol/receipt.ts'
import { EXPORT_RECEIPTS_MAX } from './constants.ts'

/** In the order of the columns; amounts are whole nanoTON as text. */
export interface ReceiptExportRow {
  readonly receipt: string
  /** ISO 8601, rounded down to the minute as in the receipt. */
  readonly started: string
  readonly ended: string
  readonly channel: string
  readonly leafIndex: number
  /** What the file itself proves; whether the root is on the chain is `receipts verify`'s to say. */
  readonly level: 'signed' | 'acknowledged'
  /** As the receipt claims it. */
  readonly tier: string
  readonly finish: string
  /** Root of the model's manifest, hexadecimal. */
  readonly modelRoot: string
  /** Identity key of the provider, hexadecimal. */
  readonly provider: string
  readonly promptTokens: number
  readonly cachedTokens: number
  readonly completionTokens: number
  readonly usedNano: string
  readonly usedTotalNano: string
  readonly request: string
  readonly file: string
}

const COLUMNS = [
  ...['receipt', 'started', 'ended', 'channel', 'leafIndex', 'level', 'tier', 'finish'],
  ...['modelRoot', 'provider', 'promptTokens', 'cachedTokens', 'completionTokens'],
  ...['usedNano', 'usedTotalNano', 'request', 'file'],
]

export interface FoundReceipts {
  /** Paths, oldest first. */
  readonly files: readonly string[]
  /** Files that could not be read, and why. */
  readonly damaged: readonly { readonly file: string; readonly why: string }[]
}

/**
 * Looks at the files alone, so it does not matter whether the client runs. Holds a line of each file in
 * memory, never its content.
 * @param home data folder of the client on one network
 * @param sinceMs receipts that ended before it are left out; their minute counts
 * @throws ConfigError EXPORT_TOO_LARGE
 */
export function findReceipts(home: string, sinceMs: number): FoundReceipts {
  const folder = path.join(home, 'receipts')
  const found: { file: string; endedAtS: number; channel: string; leafIndex: number }[] = []
  const damaged: { file: string; why: string }[] = []
  for (const file of receiptFilesIn(folder)) {
    try {
      const body = decodeReceiptBody(decodeReceiptFile(readFileSync(file)).receipt.body)
      const { endedAtS, channel, leafIndex } = body
      if ((endedAtS + 60) * 1000 > sinceMs) found.push({ file, endedAtS, channel, leafIndex })
    } catch (thrown) {
      damaged.push({ file, why: asCocoonError(thrown).message })
    }
    if (found.length + damaged.length > EXPORT_RECEIPTS_MAX) throw tooLarge()
  }
  found.sort(
    (a, b) =>
      a.endedAtS - b.endedAtS || a.channel.localeCompare(b.channel) || a.leafIndex - b.leafIndex,
  )
  return { files: found.map(({ file }) => file), damaged }
}

function tooLarge(): ConfigError {
  return new ConfigError('EXPORT_TOO_LARGE', `more than ${EXPORT_RECEIPTS_MAX} receipts`, {
    remedy: 'Export a part of them with --since.',
  })
}

function* receiptFilesIn(folder: string): Generator<string> {
  let entries: ReturnType<typeof opendirSync>
  try {
    entries = opendirSync(folder)
  } catch {
    return
  }
  try {
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      if (entry.isFile() && entry.name.endsWith('.cocoon-receipt')) {
        yield path.join(folder, entry.name)
      }
    }
  } finally {
    entries.closeSync()
  }
}

/** One file read at a time. @throws ProtocolError when a file changed since it was found */
export function* exportRows(files: Iterable<string>): Generator<ReceiptExportRow> {
  for (const file of files) yield rowOf(file)
}

function rowOf(name: string): ReceiptExportRow {
  const file = decodeReceiptFile(readFileSync(name))
  const body = decodeReceiptBody(file.receipt.body)
  const iso = (seconds: number): string => new Date(seconds * 1000).toISOString()
  return {
    receipt: receiptId(crypto, file.receipt),
    started: iso(body.startedAtS),
    ended: iso(body.endedAtS),
    channel: body.channel,
    leafIndex: body.leafIndex,
    level: file.acknowledgement === undefined ? 'signed' : 'acknowledged',
    tier: body.tier,
    finish: body.finish,
    modelRoot: toHex(body.modelRoot),
    provider: toHex(decodeStatement(file.evidence.statement).core.identityKey),
    promptTokens: body.promptTokens,
    cachedTokens: body.cachedTokens,
    completionTokens: body.completionTokens,
    usedNano: `${body.usedNano}`,
    usedTotalNano: `${body.usedTotalNano}`,
    request: toHex(body.requestId),
    file: path.basename(name),
  }
}

/** RFC 4180, line by line; what a spreadsheet would take for a formula stays text. */
export function* csvLines(rows: Iterable<ReceiptExportRow>): Generator<string> {
  const options = { escape_formulas: true, record_delimiter: 'windows' } as const
  yield stringify([COLUMNS], options)
  for (const row of rows) yield stringify([row], { ...options, columns: COLUMNS })
}

/** NDJSON. */
export function* jsonLines(rows: Iterable<ReceiptExportRow>): Generator<string> {
  for (const row of rows) yield `${JSON.stringify(row)}\n`
}
