/** Reports through configfs-tsm, against a tree that misbehaves in every way that the kernel's ABI allows. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ReportRequest } from '#attestation/evidence/configfs/attempt.ts'
import { tsmReport } from '#attestation/evidence/configfs/report.ts'
import type { ReportTree } from '#attestation/evidence/configfs/tree.ts'
import {
  CONFIGFS_ATTEMPTS_MAX,
  CONFIGFS_AUXILIARY_BYTES_MAX,
} from '#attestation/evidence/constants.ts'
import { readCertificateTable } from '#attestation/evidence/snp-certificate-table.ts'
import { configfsTree } from '#node/evidence/configfs-tree.ts'
import { concat, fromHex, utf8 } from '#protocol/bytes.ts'
import { EVIDENCE_QUOTE_BYTES_MAX } from '#protocol/constants.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { rejectionCode } from '#test/support/error-code.ts'
import {
  type Misbehaviour,
  quoteShape,
  reportShape,
  simulatedConfigfs,
} from '#test/support/simulated-configfs.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const reportData = new Uint8Array(64).fill(7)
const tdx: ReportRequest = { provider: 'tdx_guest', reportData }
const snp: ReportRequest = { provider: 'sev_guest', reportData }

function ask(tree: ReportTree, request: ReportRequest = tdx) {
  const waits: number[] = []
  const sleep = async (ms: number) => void waits.push(ms)
  return { waits, result: tsmReport({ tree, crypto, sleep }, request) }
}

const tdxTree = (wrong?: Misbehaviour) => simulatedConfigfs('tdx_guest', quoteShape, wrong)
const snpTree = (wrong?: Misbehaviour) => simulatedConfigfs('sev_guest', reportShape, wrong)

describe('configfs-tsm', () => {
  it('writes once, reads once between two generations, and removes its directory', async () => {
    const tree = tdxTree()
    const { report } = await ask(tree).result
    expect(report).toEqual(quoteShape(reportData))
    expect(tree.journal).toEqual([
      'make',
      'read provider',
      'read generation',
      'write inblob',
      'read outblob',
      'read generation',
      'remove',
    ])
    expect(tree.directories.size).toBe(0)
  })

  it('sets VMPL and service module of SEV-SNP, counts those writes, brings the certificates', async () => {
    const auxiliary = new Uint8Array(100).fill(1)
    const tree = snpTree({ auxiliary, privilegeFloor: '1' })
    const result = await ask(tree, { ...snp, privilegeLevel: 2, serviceProvider: 'svsm' }).result
    expect(result).toEqual({ report: reportShape(reportData), auxiliary })
    expect(tree.journal).toContain('write service_provider=svsm')
    expect(tree.journal).toContain('write privlevel=2')
  })

  it('refuses a VMPL below the floor without asking for a report', async () => {
    const tree = snpTree({ privilegeFloor: '2' })
    expect(await rejectionCode(ask(tree, { ...snp, privilegeLevel: 1 }).result)).toBe(
      'QUOTE_UNAVAILABLE',
    )
    expect(tree.journal).not.toContain('read outblob')
    expect(tree.directories.size).toBe(0)
  })

  it('goes without certificates when the host gives too many or none', async () => {
    const tree = snpTree({ auxiliary: new Uint8Array(CONFIGFS_AUXILIARY_BYTES_MAX + 1) })
    expect((await ask(tree, snp).result).auxiliary.length).toBe(0)
    const none = snpTree({ errno: (operation) => (operation === 'auxblob' ? 'ENOENT' : undefined) })
    expect((await ask(none, snp).result).auxiliary.length).toBe(0)
  })

  it('serves concurrent callers one after the other', async () => {
    const tree = tdxTree()
    await Promise.all([ask(tree).result, ask(tree).result, ask(tree).result])
    expect(tree.attempts).toBe(3)
    expect(tree.together).toBe(1)
  })

  it('goes on after a caller that failed', async () => {
    const failed = ask(tdxTree({ provider: 'sev_guest' })).result
    const good = ask(tdxTree()).result
    expect(await rejectionCode(failed)).toBe('QUOTE_UNAVAILABLE')
    expect((await good).report.length).toBeGreaterThan(0)
  })
})

/** Wrong in the first two attempts, right in the third. */
const twice = <T>(value: T) =>
  ((attempt: number) => (attempt < 2 ? value : undefined)) as (attempt: number) => T | undefined

describe('what passes is tried again in a fresh directory', () => {
  const cases: readonly (readonly [string, Misbehaviour])[] = [
    ...['EBUSY', 'EINTR', 'ETIMEDOUT', 'EAGAIN'].flatMap((errno) =>
      ['outblob', 'write inblob', 'generation'].map(
        (where) =>
          [
            `${errno} of ${where}`,
            {
              errno: (operation, attempt) =>
                operation === where ? twice(errno)(attempt) : undefined,
            },
          ] as const satisfies readonly [string, Misbehaviour],
      ),
    ),
    ['a write by somebody else', { foreignWrites: (attempt) => twice(1)(attempt) ?? 0 }],
    ['many writes by somebody else', { foreignWrites: (attempt) => twice(900)(attempt) ?? 0 }],
    ['an empty outblob', { report: (whole, attempt) => (attempt < 2 ? whole.slice(0, 0) : whole) }],
    [
      'an outblob cut short',
      { report: (whole, attempt) => (attempt < 2 ? whole.slice(0, 600) : whole) },
    ],
    [
      "somebody else's report data",
      { report: (whole, attempt) => (attempt < 2 ? quoteShape(new Uint8Array(64)) : whole) },
    ],
    [
      'one other bit of report data',
      {
        report: (whole, attempt) => {
          if (attempt >= 2) return whole
          const changed = whole.slice()
          changed[48 + 520 + 63]! ^= 1
          return changed
        },
      },
    ],
    [
      'a report of an unknown version',
      { report: (whole, attempt) => (attempt < 2 ? whole.fill(9, 0, 2) : whole) },
    ],
  ]

  it.each(cases)('%s', async (_name, wrong) => {
    const tree = tdxTree(wrong)
    const { result, waits } = ask(tree)
    expect((await result).report).toEqual(quoteShape(reportData))
    expect(tree.attempts).toBe(3)
    expect(waits).toEqual([50, 100])
    expect(tree.directories.size).toBe(0)
  })

  it('until the attempts are used up; the host that never answers is named', async () => {
    const tree = tdxTree({
      errno: (operation) => (operation === 'outblob' ? 'ETIMEDOUT' : undefined),
    })
    const { result, waits } = ask(tree)
    await expect(result).rejects.toMatchObject({
      code: 'QUOTE_UNAVAILABLE',
      remedy: expect.stringContaining('qgsd'),
    })
    expect(tree.attempts).toBe(CONFIGFS_ATTEMPTS_MAX)
    expect(waits).toEqual([50, 100, 200, 400])
    expect(tree.directories.size).toBe(0)
  })
})

describe('what would only happen again is told at once', () => {
  const errno = (where: string, code: string): Misbehaviour => ({
    errno: (operation) => (operation === where ? code : undefined),
  })
  it.each<readonly [string, Misbehaviour, string]>([
    ['a missing mount', errno('make', 'ENOENT'), 'Mount configfs'],
    ['EPERM', errno('make', 'EPERM'), 'root'],
    ['EACCES', errno('make', 'EACCES'), 'root'],
    ['a read-only mount', errno('make', 'EROFS'), 'Mount configfs for writing'],
    ['no driver', errno('make', 'ENXIO'), 'modprobe'],
    ['a refusal of the host', errno('outblob', 'EIO'), 'qgsd'],
    ['an option the kernel refuses', errno('write inblob', 'EINVAL'), 'doctor'],
    ['a directory that vanishes', errno('outblob', 'ENOENT'), 'Mount'],
    ['another provider', { provider: 'sev_guest' }, 'doctor'],
    ['a provider that is no text', { provider: 'x'.repeat(100) }, 'doctor'],
    ['a generation that is no number', { generation: () => '-1' }, 'doctor'],
    [
      'an outblob without an end',
      { report: () => new Uint8Array(EVIDENCE_QUOTE_BYTES_MAX + 9) },
      'doctor',
    ],
  ])('%s', async (_name, wrong, remedy) => {
    const tree = tdxTree(wrong)
    const { result, waits } = ask(tree)
    await expect(result).rejects.toMatchObject({
      code: 'QUOTE_UNAVAILABLE',
      remedy: expect.stringContaining(remedy),
    })
    expect(waits).toEqual([])
    expect(tree.directories.size).toBe(0)
  })

  it('a short write is never completed by a second one', async () => {
    const tree = tdxTree({ writeTakes: 63 })
    expect(await rejectionCode(ask(tree).result)).toBe('QUOTE_UNAVAILABLE')
    expect(tree.journal.filter((entry) => entry === 'write inblob')).toHaveLength(
      CONFIGFS_ATTEMPTS_MAX,
    )
    expect(tree.journal).not.toContain('read outblob')
  })

  it('a directory that cannot be removed does not spoil the report', async () => {
    const tree = tdxTree(errno('remove', 'EBUSY'))
    expect((await ask(tree).result).report).toEqual(quoteShape(reportData))
  })

  it('report data of another length is a mistake of the caller', () => {
    expect(() =>
      tsmReport(
        { tree: tdxTree(), crypto, sleep: async () => undefined },
        {
          ...tdx,
          reportData: new Uint8Array(63),
        },
      ),
    ).toThrow(RangeError)
  })
})

describe('the tree of this machine', () => {
  it('reads to the end, one byte beyond the limit at most, and writes once', async () => {
    const folder = temporaryFolder()
    const tree = configfsTree(folder)
    await tree.make('one')
    writeFileSync(path.join(folder, 'one', 'outblob'), new Uint8Array(10_000).fill(3))
    writeFileSync(path.join(folder, 'one', 'inblob'), '')
    expect((await tree.read('one', 'outblob', 20_000)).length).toBe(10_000)
    expect((await tree.read('one', 'outblob', 10_000)).length).toBe(10_000)
    expect((await tree.read('one', 'outblob', 9_999)).length).toBe(10_000)
    expect((await tree.read('one', 'outblob', 100)).length).toBe(101)
    expect(await tree.write('one', 'inblob', reportData)).toBe(64)
    expect(await tree.read('one', 'inblob', 64)).toEqual(reportData)
  })

  it('creates no attribute, and gives errno names', async () => {
    const folder = temporaryFolder()
    const tree = configfsTree(folder)
    mkdirSync(path.join(folder, 'one'))
    await expect(tree.write('one', 'inblob', reportData)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(readdirSync(path.join(folder, 'one'))).toEqual([])
    await expect(tree.make('one')).rejects.toMatchObject({ code: 'EEXIST' })
    await tree.remove('one')
    expect(readdirSync(folder)).toEqual([])
  })

  it('on a machine without a TEE says what to do', async () => {
    const nowhere = configfsTree(path.join(temporaryFolder(), 'none'))
    await expect(ask(nowhere).result).rejects.toMatchObject({
      code: 'QUOTE_UNAVAILABLE',
      remedy: expect.stringContaining('Mount configfs'),
    })
  })
})

describe('the certificate table of a SEV-SNP host', () => {
  const entry = (guid: string, offset: number, length: number): Uint8Array => {
    const bytes = new Uint8Array(24)
    bytes.set(fromHex(guid))
    new DataView(bytes.buffer).setUint32(16, offset, true)
    new DataView(bytes.buffer).setUint32(20, length, true)
    return bytes
  }
  const vcek = '63da758de6644564adc5f4b93be8accd'
  const mixedAsk = '79b3b74aacbb4fe4a02f05aef327c782'

  it('gives the certificates by slot, in both byte orders of GUIDs', () => {
    const data = utf8('vcekask')
    const table = concat(entry(vcek, 72, 4), entry(mixedAsk, 76, 3), new Uint8Array(24), data)
    const wanted = new Map([
      ['vcek', utf8('vcek')],
      ['ask', utf8('ask')],
    ])
    // 4ab7b379 reversed in its first group, bbac and 4fe4 in theirs
    const mixed = concat(
      entry(vcek, 72, 4),
      entry('79b3b74aacbbe44fa02f05aef327c782', 76, 3),
      new Uint8Array(24),
      data,
    )
    expect(readCertificateTable(mixed)).toEqual(wanted)
    expect(readCertificateTable(table).has('ask')).toBe(false)
  })

  it.each([
    ['empty', new Uint8Array(0)],
    ['cut inside of an entry', entry(vcek, 24, 4).slice(0, 20)],
    ['pointing outside', entry(vcek, 24, 4)],
    ['pointing outside by far', entry(vcek, 0xffff_ffff, 0xffff_ffff)],
    ['without an end', new Uint8Array(24 * 100).fill(1)],
  ])('%s gives nothing and does not throw', (_name, table) => {
    expect(readCertificateTable(table).size).toBe(0)
  })
})
