/** TDX quotes of version 5, TD 1.5 bodies and their second set of SVNs. */
import { describe, expect, it } from 'vitest'
import { createMachine } from '#attestation/evidence/simulated/machine.ts'
import { writeTdxQuote } from '#attestation/evidence/simulated/quote-writer.ts'
import { reportData as reportDataOf } from '#attestation/report-data.ts'
import { encodeStatement } from '#attestation/statement.ts'
import { verifyEvidence } from '#attestation/verdict.ts'
import { parseTdxQuote } from '#attestation/verify/quote.ts'
import { concat, equal } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { reportData, tcbInfo, verdictOn } from './forge.ts'
import {
  bytes,
  context,
  core,
  machine,
  manufacturer,
  runtimeDigest,
  seed,
  zeros,
} from './network.ts'

const { authorities } = manufacturer
const td15Machine = createMachine(crypto, seed, authorities, 'new', runtimeDigest, 'td-1.5')
const { teeTcbSvn, td15 = { teeTcbSvn2: teeTcbSvn, mrServiceTd: zeros(48) } } =
  td15Machine.report(reportData)

/** A quote whose bytes at these places are others; its signature no longer fits. */
function patched(quote: Uint8Array, at: number, values: readonly number[]): Uint8Array {
  return quote.map((byte, index) => values[index - at] ?? byte)
}

describe('TDX quote version 5', () => {
  const quote = td15Machine.quote(reportData)
  const refusal = (other: Uint8Array) => () => parseTdxQuote(other)

  it('with a TD 1.5 body is read field by field', () => {
    const { version, body, signedPart } = parseTdxQuote(quote)
    expect(version).toBe(5)
    expect(signedPart).toHaveLength(48 + 6 + 648)
    expect(equal(body.reportData, reportData)).toBe(true)
    expect(body.td15).toEqual({ teeTcbSvn2: teeTcbSvn, mrServiceTd: zeros(48) })
  })

  it('with a TD 1.0 body is read too', () => {
    const material = { ...machine.material, version: 5 as const }
    const older = parseTdxQuote(writeTdxQuote(crypto, machine.report(reportData), material))
    expect(older.version).toBe(5)
    expect(older.signedPart).toHaveLength(48 + 6 + 584)
    expect(older.body.td15).toBeUndefined()
    expect(verdictOn({ material: { version: 5 } })).toBe('accepted')
  })

  it('passes the whole verdict', () => {
    const statement = encodeStatement({ core, gpuEvidenceHash: zeros(32), challenge: zeros(32) })
    const evidence = {
      kind: 'tdx' as const,
      mode: 'epoch' as const,
      statement,
      quote: td15Machine.quote(reportDataOf(crypto, 'epoch', statement)),
      collateral: manufacturer.collateral,
      gpuEvidence: zeros(0),
    }
    const verdict = verifyEvidence(evidence, context)
    expect(verdict.ok).toBe(true)
    const format = verdict.steps.find((step) => step.name === 'quote-format')
    expect(format?.found).toMatch(/^version 5, TD 1\.5, /)
  })

  it.each([
    ['an SGX body', patched(quote, 48, [1, 0]), /body of type 1/],
    ['an unknown body', patched(quote, 48, [4, 0]), /body of type 4/],
    [
      'a TD 1.0 body of the length of TD 1.5',
      patched(quote, 48, [2, 0]),
      /of type 2 and 648 bytes/,
    ],
    ['a body one byte longer', patched(quote, 50, [0x89, 2]), /of type 3 and 649 bytes/],
    ['the padding of version 4', concat(quote, zeros(70)), /70 bytes after the quote/],
    ['one zero behind it', concat(quote, zeros(1)), /1 bytes after the quote/],
    ['its last byte cut', quote.subarray(0, -1), /cut/],
    ['nothing after its header', quote.subarray(0, 50), /cut/],
    ['version 6', patched(quote, 0, [6, 0]), /quote version 6/],
  ])('with %s is refused', (_, other, reason) => {
    expect(refusal(other)).toThrow(reason)
  })
})

describe('both sets of SVNs of a TD 1.5 guest', () => {
  const withSvns = (launch: Uint8Array, now: Uint8Array, collateral = {}) =>
    verdictOn({ body: { teeTcbSvn: launch, td15: { ...td15, teeTcbSvn2: now } }, collateral })
  const oldModule = teeTcbSvn.with(0, 2)
  const oldFirmware = teeTcbSvn.with(2, 0)

  it('are accepted when both are up to date', () => {
    expect(withSvns(teeTcbSvn, teeTcbSvn)).toBe('accepted')
    expect(withSvns(teeTcbSvn, teeTcbSvn.with(0, 9))).toBe('accepted')
  })

  it.each([
    ['the module at launch', oldModule, teeTcbSvn, /^tcb-status: TCB status OutOfDate/],
    ['the module of now', teeTcbSvn, oldModule, /^tcb-status: TCB status OutOfDate/],
    ['the platform at launch', oldFirmware, teeTcbSvn, /^tcb-status: no TCB level matches/],
    ['the platform of now', teeTcbSvn, oldFirmware, /^tcb-status: no TCB level matches/],
    [
      'an unknown module of now',
      teeTcbSvn,
      teeTcbSvn.with(1, 7),
      /^seam-module: no TDX module TDX_07/,
    ],
    [
      'a module of now below every level',
      teeTcbSvn,
      teeTcbSvn.with(0, 1),
      /^seam-module: module TDX_01/,
    ],
  ])('are refused for %s', (_, launch, now, reason) => {
    expect(withSvns(launch, now)).toMatch(reason)
  })

  it('may belong to two generations of modules, each judged by its own identity', () => {
    const collateral = tcbInfo((document) => {
      const [first] = document.tdxModuleIdentities
      const tcbLevels = [
        { tcb: { isvsvn: 3 }, tcbDate: '2026-01-01T00:00:00Z', tcbStatus: 'UpToDate' },
      ]
      const second = { ...first, id: 'TDX_03', tcbLevels }
      return { ...document, tdxModuleIdentities: [...document.tdxModuleIdentities, second] }
    })
    expect(withSvns(teeTcbSvn, teeTcbSvn.with(0, 3).with(1, 3), collateral)).toBe('accepted')
    expect(withSvns(teeTcbSvn, teeTcbSvn.with(0, 2).with(1, 3), collateral)).toMatch(/^seam-module/)
  })
})

describe('a service TD', () => {
  it('bound to the guest is refused', () => {
    const bound = { ...td15, mrServiceTd: bytes(48, 0).with(47, 1) }
    expect(verdictOn({ body: { td15: bound } })).toMatch(/^td-attributes: MRSERVICETD/)
  })
})
