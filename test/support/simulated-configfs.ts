/**
 * SIMULATED configfs-tsm: a report tree that behaves as the kernel's ABI says, and misbehaves in each
 * way that the ABI allows when told to. Not a folder: attributes appear with mkdir, a read makes the
 * report, the generation counts writes, and rmdir takes a directory that looks full.
 */
import type { TsmProvider } from '#attestation/evidence/configfs/report-data-at.ts'
import type { ReportTree } from '#attestation/evidence/configfs/tree.ts'
import { concat, fromUtf8, utf8 } from '#protocol/bytes.ts'

export interface Misbehaviour {
  /** Errno of an operation on an attribute (`make` and `remove` of the directory), by attempt from 0. */
  readonly errno?: (operation: string, attempt: number) => string | undefined
  /** Bytes that write(2) takes. */
  readonly writeTakes?: number
  /** Writes by somebody else into the same directory, by attempt. */
  readonly foreignWrites?: (attempt: number) => number
  /** What the provider attribute says. */
  readonly provider?: string
  /** Changes the report, by attempt. */
  readonly report?: (report: Uint8Array, attempt: number) => Uint8Array
  readonly generation?: (value: number) => string
  readonly auxiliary?: Uint8Array
  readonly privilegeFloor?: string
}

class Errno extends Error {
  readonly code: string

  constructor(code: string) {
    super(`${code}: simulated`)
    this.code = code
  }
}

interface Directory {
  readonly attempt: number
  generation: number
  readonly values: Map<string, Uint8Array>
}

export interface SimulatedConfigfs extends ReportTree {
  /** Directories that exist now: none may be left. */
  readonly directories: ReadonlyMap<string, unknown>
  readonly attempts: number
  /** Every operation in order. */
  readonly journal: readonly string[]
  /** Directories that existed at once, at most. */
  readonly together: number
}

export function simulatedConfigfs(
  provider: TsmProvider,
  reportOver: (reportData: Uint8Array) => Uint8Array,
  wrong: Misbehaviour = {},
): SimulatedConfigfs {
  const directories = new Map<string, Directory>()
  const journal: string[] = []
  const state = { attempts: 0, together: 0 }
  const fail = (operation: string, attempt: number): void => {
    const errno = wrong.errno?.(operation, attempt)
    if (errno !== undefined) throw new Errno(errno)
  }
  const find = (name: string): Directory => {
    const found = directories.get(name)
    if (found === undefined) throw new Errno('ENOENT')
    return found
  }
  const attributeOf = (directory: Directory, attribute: string): Uint8Array => {
    const { attempt, generation, values } = directory
    switch (attribute) {
      case 'provider':
        return utf8(`${wrong.provider ?? provider}\n`)
      case 'generation':
        return utf8(`${wrong.generation?.(generation) ?? generation}\n`)
      case 'privlevel_floor':
        return utf8(`${wrong.privilegeFloor ?? '0'}\n`)
      case 'outblob': {
        const input = values.get('inblob')
        if (input === undefined) throw new Errno('EINVAL')
        // After the read began: only the generation tells.
        directory.generation += wrong.foreignWrites?.(attempt) ?? 0
        const report = reportOver(input)
        return wrong.report?.(report, attempt) ?? report
      }
      case 'auxblob':
        return wrong.auxiliary ?? new Uint8Array(0)
      default:
        throw new Errno('ENOENT')
    }
  }
  return {
    directories,
    journal,
    get attempts() {
      return state.attempts
    },
    get together() {
      return state.together
    },
    async make(name) {
      const attempt = state.attempts
      state.attempts += 1
      journal.push('make')
      fail('make', attempt)
      if (directories.has(name)) throw new Errno('EEXIST')
      directories.set(name, { attempt, generation: 1, values: new Map() })
      state.together = Math.max(state.together, directories.size)
    },
    async remove(name) {
      journal.push('remove')
      const { attempt } = find(name)
      fail('remove', attempt)
      directories.delete(name)
    },
    async read(name, attribute, bytesMax) {
      journal.push(`read ${attribute}`)
      const directory = find(name)
      fail(attribute, directory.attempt)
      return attributeOf(directory, attribute).slice(0, bytesMax + 1)
    },
    async write(name, attribute, bytes) {
      const directory = find(name)
      fail(`write ${attribute}`, directory.attempt)
      const taken = bytes.slice(0, wrong.writeTakes ?? bytes.length)
      journal.push(
        attribute === 'inblob' ? 'write inblob' : `write ${attribute}=${fromUtf8(bytes)}`,
      )
      directory.values.set(attribute, taken)
      directory.generation += 1
      return taken.length
    },
  }
}

/** A TDX version 4 quote, as far as its report data: enough for who only looks there. */
export function quoteShape(reportData: Uint8Array): Uint8Array {
  const head = new Uint8Array(48 + 520)
  head[0] = 4
  return concat(head, reportData, new Uint8Array(100))
}

/** A SEV-SNP report of 1,184 bytes with nothing in it but its report data. */
export function reportShape(reportData: Uint8Array): Uint8Array {
  const report = new Uint8Array(1_184)
  report[0] = 3
  report.set(reportData, 0x50)
  return report
}
