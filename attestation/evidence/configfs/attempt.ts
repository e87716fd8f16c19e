/**
 * One report through configfs-tsm: a directory of its own, one write, one read, and the proof that
 * nobody else wrote in between. The directory is removed however it ends.
 */
import {
  CONFIGFS_AUXILIARY_BYTES_MAX,
  CONFIGFS_TEXT_BYTES_MAX,
} from '#attestation/evidence/constants.ts'
import { equal, fromUtf8, utf8 } from '#protocol/bytes.ts'
import { EVIDENCE_QUOTE_BYTES_MAX } from '#protocol/constants.ts'
import { discard, impossible } from './failure.ts'
import { reportDataAt, type TsmProvider } from './report-data-at.ts'
import { errnoOf, type ReportTree } from './tree.ts'

export interface ReportRequest {
  readonly provider: TsmProvider
  /** 64 bytes. */
  readonly reportData: Uint8Array
  /** SEV-SNP only: VMPL of the report, 0 to 3. undefined: what the kernel takes by itself. */
  readonly privilegeLevel?: number | undefined
  /** SEV-SNP under a Secure VM Service Module: reports come from it, at VMPL 0. */
  readonly serviceProvider?: 'svsm' | undefined
}

export interface TsmReport {
  readonly report: Uint8Array
  /** SEV-SNP: the host's certificate table; empty where there is none. */
  readonly auxiliary: Uint8Array
}

/**
 * @param directory a name that nobody uses
 * @throws DiscardedError when another attempt may do better, UnavailableError QUOTE_UNAVAILABLE otherwise
 */
export async function attemptReport(
  tree: ReportTree,
  directory: string,
  request: ReportRequest,
): Promise<TsmReport> {
  await tree.make(directory).catch((error: unknown) => impossible('mkdir', errnoOf(error)))
  try {
    return await inside(tree, directory, request)
  } finally {
    // The result stands or falls by itself; a directory that cannot go is left to the next boot.
    await tree.remove(directory).catch(() => undefined)
  }
}

async function inside(
  tree: ReportTree,
  directory: string,
  request: ReportRequest,
): Promise<TsmReport> {
  const files = new Attributes(tree, directory)
  const provider = await files.text('provider')
  if (provider !== request.provider) {
    return impossible('provider', `"${provider}" instead of ${request.provider}`)
  }
  const before = await files.count('generation')
  await writeOptions(files, request)
  await files.write('inblob', request.reportData)
  const report = await files.bytes('outblob', EVIDENCE_QUOTE_BYTES_MAX)
  const auxiliary =
    request.provider === 'sev_guest'
      ? await files.optional('auxblob', CONFIGFS_AUXILIARY_BYTES_MAX)
      : new Uint8Array(0)
  const after = await files.count('generation')
  if (after !== before + files.writes) {
    return discard(`generation ${before}, then ${after} after ${files.writes} writes`)
  }
  if (report.length === 0) return discard('outblob is empty')
  const found = reportDataAt(request.provider, report)
  if (found === undefined) return discard(`outblob of ${report.length} bytes is no report`)
  if (!equal(found, request.reportData)) return discard('outblob is over other report data')
  return { report, auxiliary }
}

async function writeOptions(files: Attributes, request: ReportRequest): Promise<void> {
  const { serviceProvider, privilegeLevel } = request
  if (serviceProvider !== undefined) await files.write('service_provider', utf8(serviceProvider))
  if (privilegeLevel === undefined) return
  const floor = await files.count('privlevel_floor')
  if (privilegeLevel < floor) {
    impossible('privlevel', `${privilegeLevel} is below this guest's floor ${floor}`)
  }
  await files.write('privlevel', utf8(`${privilegeLevel}`))
}

/** Attributes of one report directory; counts its own writes, as the kernel's generation does. */
class Attributes {
  readonly #tree: ReportTree
  readonly #directory: string
  #writes = 0

  constructor(tree: ReportTree, directory: string) {
    this.#tree = tree
    this.#directory = directory
  }

  get writes(): number {
    return this.#writes
  }

  async write(attribute: string, bytes: Uint8Array): Promise<void> {
    let count: number
    try {
      count = await this.#tree.write(this.#directory, attribute, bytes)
    } catch (error) {
      return discard(`write of ${attribute}`, errnoOf(error))
    }
    // A second write would be another value, and a generation more: never completed, always discarded.
    if (count !== bytes.length)
      return discard(`${attribute} took ${count} of ${bytes.length} bytes`)
    this.#writes += 1
  }

  async bytes(attribute: string, bytesMax: number): Promise<Uint8Array> {
    let bytes: Uint8Array
    try {
      bytes = await this.#tree.read(this.#directory, attribute, bytesMax)
    } catch (error) {
      return discard(`read of ${attribute}`, errnoOf(error))
    }
    if (bytes.length > bytesMax) return impossible(attribute, `more than ${bytesMax} bytes`)
    return bytes
  }

  /** Older kernels have no such attribute, and hosts need not fill it. */
  async optional(attribute: string, bytesMax: number): Promise<Uint8Array> {
    try {
      const bytes = await this.#tree.read(this.#directory, attribute, bytesMax)
      return bytes.length > bytesMax ? new Uint8Array(0) : bytes
    } catch {
      return new Uint8Array(0)
    }
  }

  async text(attribute: string): Promise<string> {
    const bytes = await this.bytes(attribute, CONFIGFS_TEXT_BYTES_MAX)
    try {
      return fromUtf8(bytes).replace(/\n$/, '')
    } catch {
      return impossible(attribute, 'not text')
    }
  }

  async count(attribute: string): Promise<number> {
    const text = await this.text(attribute)
    return /^[0-9]{1,15}$/.test(text) ? Number(text) : impossible(attribute, 'no number')
  }
}
