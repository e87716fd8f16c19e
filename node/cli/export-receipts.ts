/** `cocoon receipts export`: rows or whole files, to stdout or into one file that nobody sees half of. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { clientHome } from '#node/history/client-home.ts'
import { bundleChunks } from '#node/receipts/bundle.ts'
import { csvLines, exportRows, findReceipts, jsonLines } from '#node/receipts/export.ts'
import { storageError } from '#node/store/failures.ts'
import { counted } from '#node/text.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { CliContext } from './context.ts'
import { EXIT } from './failure.ts'

export interface ExportReceiptsOptions {
  readonly csv?: boolean
  readonly json?: boolean
  readonly bundle?: boolean
  /** Unix milliseconds. */
  readonly since?: number
  readonly out?: string
  readonly client?: string
}

const DAMAGED_SHOWN_MAX = 10

/**
 * @throws ConfigError USAGE, NO_HISTORY, EXPORT_TOO_LARGE
 * @throws UnavailableError STORE_FULL, STORE_IO
 */
export function exportReceipts(options: ExportReceiptsOptions, context: CliContext): void {
  const { output, settings } = context
  const { csv = false, json = false, bundle = false, out } = options
  if ([csv, json, bundle].filter(Boolean).length > 1) {
    throw new ConfigError('USAGE', '--csv, --json and --bundle exclude each other')
  }
  if (bundle && out === undefined) {
    throw new ConfigError('USAGE', 'a bundle is not text: name its file with --out')
  }
  const home = clientHome({ dataDir: options.client, dataRoot: settings.dataRoot })
  const { files, damaged } = findReceipts(home, options.since ?? 0)
  if (out === undefined) {
    for (const line of textOf(files, csv)) output.piece(line)
  } else {
    writeWhole(out, bundle ? bundleChunks(files) : textOf(files, csv))
    output.talk(`${counted(files.length, 'receipt')} in ${out}`)
  }
  for (const { file, why } of damaged.slice(0, DAMAGED_SHOWN_MAX)) output.talk(`${file}: ${why}`)
  if (damaged.length === 0) return
  output.talk(`cocoon: ${damaged.length} files are damaged and left out`, 'red')
  context.exitWith(EXIT.failed)
}

function textOf(files: readonly string[], csv: boolean): Iterable<string> {
  const rows = exportRows(files)
  return csv ? csvLines(rows) : jsonLines(rows)
}

function writeWhole(file: string, chunks: Iterable<string | Uint8Array>): void {
  const temporary = `${file}.tmp`
  try {
    const descriptor = openSync(temporary, 'w', 0o600)
    try {
      for (const chunk of chunks)
        writeAll(descriptor, typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw storageError(error, file)
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += writeSync(descriptor, bytes, at));
}
