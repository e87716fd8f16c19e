/** Forged or outdated documents, quoting enclaves, TDX modules and guests. */
import { describe, expect, it } from 'vitest'
import { sign } from '#attestation/evidence/simulated/keys.ts'
import { parseTdxQuote } from '#attestation/verify/quote.ts'
import { appraiseTdx } from '#attestation/verify/tdx.ts'
import { fromHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import {
  extracted,
  honest,
  issue,
  newKey,
  platform,
  qeIdentity,
  reportData,
  root,
  sgxOf,
  tcbInfo,
  tcbSigner,
  verdictOn,
} from './forge.ts'
import { bytes, context, machine, manufacturer, nowMs, policy } from './network.ts'

const dayMs = 86_400_000
const SIGNER = 'Intel SGX TCB Signing'
const key = newKey(SIGNER)
const iso = (unixMs: number) => `${new Date(unixMs).toISOString().slice(0, 19)}Z`

describe('TCB info', () => {
  it.each([
    [
      'signed by an extracted PCK',
      {
        key: extracted.key,
        chain: [extracted.certificate, platform.certificate, root.certificate],
      },
      /^tcb-info: chain of 3 certificates/,
    ],
    [
      'signed by an extracted PCK in a chain of two',
      { key: extracted.key, chain: [extracted.certificate, root.certificate] },
      /^tcb-info: unexpected certificate "Intel SGX PCK Certificate"/,
    ],
    [
      'signed by a certificate under an extracted PCK',
      { key, chain: [issue({ commonName: SIGNER }, extracted), root.certificate] },
      /^tcb-info: .*other issuer name/,
    ],
    [
      'signed by a certificate of the platform CA',
      { key, chain: [issue({ commonName: SIGNER }, platform), root.certificate] },
      /^tcb-info: .*other issuer name/,
    ],
    [
      'signed by an authority of that name',
      {
        key,
        chain: [issue({ commonName: SIGNER, authorityPathLength: 0 }, root), root.certificate],
      },
      /^tcb-info: wrong CA flag/,
    ],
    [
      'signed by another key',
      { key, chain: honest.tcbInfoChain },
      /^tcb-info: not signed by Intel SGX TCB Signing/,
    ],
    ['without a chain', { key: tcbSigner.key, chain: [] }, /^tcb-info: chain of 0/],
    [
      'with the root missing',
      { key, chain: honest.tcbInfoChain.slice(0, 1) },
      /^tcb-info: chain of 1/,
    ],
  ])('%s is refused', (_, signer, reason) => {
    expect(verdictOn({ collateral: tcbInfo((document) => document, signer) })).toMatch(reason)
  })

  it.each([
    ['of another platform', { fmspc: '00906ED50000' }, /^tcb-info: TCB info of 00906ED50000/],
    ['of another PCE', { pceId: '0001' }, /^tcb-info: TCB info of another PCE/],
    ['for SGX', { id: 'SGX' }, /^tcb-info: unexpected field id/],
    ['of version 2', { version: 2 }, /^tcb-info: unexpected field version/],
    ['of another type', { tcbType: 1 }, /^tcb-info: unexpected field tcbType/],
    ['without levels', { tcbLevels: [] }, /^tcb-info: unexpected field tcbLevels/],
    ['that expired', { nextUpdate: iso(nowMs - 1_000) }, /^tcb-info: expired/],
    ['from the future', { issueDate: iso(nowMs + dayMs) }, /^tcb-info: the issue date/],
    [
      'with a date of another form',
      { nextUpdate: '2099' },
      /^tcb-info: unexpected field nextUpdate/,
    ],
    [
      'of an old evaluation',
      { tcbEvaluationDataNumber: 16 },
      /^tcb-status: collateral of evaluation 16/,
    ],
    ['without this module', { tdxModuleIdentities: [] }, /^seam-module: no TDX module TDX_01/],
  ])('%s is refused', (_, change, reason) => {
    const collateral = tcbInfo((document) => ({ ...document, ...change }))
    expect(verdictOn({ collateral })).toMatch(reason)
  })

  it('that is not JSON is refused though it is signed', () => {
    const tcbInfoSignature = sign(tcbSigner.key, bytes(16, 0x7b))
    const forged = { tcbInfo: bytes(16, 0x7b), tcbInfoSignature }
    expect(verdictOn({ collateral: forged })).toBe('tcb-info: not JSON')
  })
})

describe('signed documents', () => {
  it('above 65,536 bytes are refused before they are hashed', () => {
    const collateral = tcbInfo((document) => ({ ...document, padding: ' '.repeat(65_536) }))
    expect(verdictOn({ collateral })).toBe('tcb-info: above 65536 bytes')
  })
})

describe('TCB levels', () => {
  const levelled = (tcbStatus: string, advisoryIDs: string[] = []) =>
    tcbInfo((document) => ({
      ...document,
      tcbLevels: document.tcbLevels.map((level) => ({ ...level, tcbStatus, advisoryIDs })),
    }))
  const accepting = (statuses: typeof policy.tcb.statuses, advisories: string[] = []) => ({
    policy: { ...policy, tcb: { ...policy.tcb, statuses, advisories } },
  })

  it.each(['SWHardeningNeeded', 'ConfigurationNeeded', 'OutOfDate', 'Revoked'])(
    '%s is refused by a policy that wants UpToDate',
    (status) => {
      expect(verdictOn({ collateral: levelled(status) })).toMatch(/^tcb-status: TCB status/)
    },
  )

  it('another status needs every advisory on the list', () => {
    const collateral = levelled('SWHardeningNeeded', ['SA-1', 'SA-2'])
    const statuses = ['UpToDate', 'SWHardeningNeeded'] as const
    const one = accepting([...statuses], ['SA-1'])
    expect(verdictOn({ collateral, context: one })).toBe('tcb-status: advisories SA-2')
    const both = accepting([...statuses], ['SA-1', 'SA-2'])
    expect(verdictOn({ collateral, context: both })).toBe('accepted')
  })

  it('a machine below the newest level is out of date, below all of them unknown', () => {
    const pckKey = newKey('Intel SGX PCK Certificate')
    const at = (pceSvn: number) => {
      const commonName = 'Intel SGX PCK Certificate'
      const pck = issue({ commonName, sgxExtension: sgxOf({ pceSvn }) }, platform)
      const pckChain = [pck, platform.certificate, root.certificate]
      return verdictOn({ material: { pckKey, pckChain } })
    }
    expect(at(13)).toBe('accepted')
    expect(at(12)).toBe('tcb-status: TCB status OutOfDate: SIMULATED-SA-00001')
    expect(at(7)).toBe('tcb-status: no TCB level matches this platform')
  })

  it('one component below its level is enough, one that no level asks for is not', () => {
    for (const at of [2, 3]) {
      const teeTcbSvn = machine
        .report(reportData)
        .teeTcbSvn.map((svn, index) => (index === at ? 0 : svn))
      const expected = at === 2 ? /^tcb-status: no TCB level matches/ : /^accepted$/
      expect(verdictOn({ body: { teeTcbSvn } })).toMatch(expected)
    }
  })

  it('an old TDX module or quoting enclave makes the platform out of date', () => {
    const teeTcbSvn = machine.report(reportData).teeTcbSvn.with(0, 3)
    expect(verdictOn({ body: { teeTcbSvn } })).toMatch(/^tcb-status: TCB status OutOfDate/)
    const levels = [
      { tcb: { isvsvn: 8 }, tcbDate: '2026-01-01T00:00:00Z', tcbStatus: 'UpToDate' },
      { tcb: { isvsvn: 4 }, tcbDate: '2026-01-01T00:00:00Z', tcbStatus: 'OutOfDate' },
    ]
    const collateral = qeIdentity((document) => ({ ...document, tcbLevels: levels }))
    expect(verdictOn({ collateral })).toMatch(/^tcb-status: TCB status OutOfDate/)
    const revoked = qeIdentity((document) => ({
      ...document,
      tcbLevels: [{ tcb: { isvsvn: 0 }, tcbDate: '2026-01-01T00:00:00Z', tcbStatus: 'Revoked' }],
    }))
    expect(verdictOn({ collateral: revoked })).toMatch(/^tcb-status: TCB status Revoked/)
  })

  it('an unknown major version of the module is refused', () => {
    const teeTcbSvn = machine.report(reportData).teeTcbSvn.with(1, 3)
    expect(verdictOn({ body: { teeTcbSvn } })).toBe('seam-module: no TDX module TDX_03')
  })

  it('a second module generation counts its own versions (TDX_03 starts at 3)', () => {
    const collateral = tcbInfo((document) => {
      const [first] = document.tdxModuleIdentities
      const levels = [
        { tcb: { isvsvn: 3 }, tcbDate: '2026-01-01T00:00:00Z', tcbStatus: 'UpToDate' },
      ]
      const third = { ...first, id: 'TDX_03', tcbLevels: levels }
      return { ...document, tdxModuleIdentities: [...document.tdxModuleIdentities, third] }
    })
    const teeTcbSvn = machine.report(reportData).teeTcbSvn.with(0, 3).with(1, 3)
    expect(verdictOn({ collateral, body: { teeTcbSvn } })).toBe('accepted')
  })
})

describe('quoting enclave', () => {
  it.each([
    ['another signer', { qeSigner: bytes(32, 1) }, /^qe-identity: QE of another signer/],
    ['an old version', { qe: { isvSvn: 3 } }, /^qe-identity: the quoting enclave at version 3/],
    [
      'debug',
      { qe: { attributes: fromHex('1700000000000000e700000000000000') } },
      /^qe-identity: /,
    ],
    [
      'no INIT',
      { qe: { attributes: fromHex('1400000000000000e700000000000000') } },
      /^qe-identity: /,
    ],
    ["another machine's PCK", { pckKey: newKey('other') }, /^qe-report: .*not signed by the PCK/],
  ])('with %s is refused', (_, material, reason) => {
    expect(verdictOn({ material })).toMatch(reason)
  })

  it('identity for another enclave is refused', () => {
    const collateral = qeIdentity((document) => ({ ...document, id: 'QE' }))
    expect(verdictOn({ collateral })).toMatch(/^qe-identity: unexpected field id/)
    const product = qeIdentity((document) => ({ ...document, isvprodid: 1 }))
    expect(verdictOn({ collateral: product })).toMatch(/^qe-identity: QE product 2/)
  })

  it('with another MISCSELECT than its identity is refused', () => {
    const collateral = qeIdentity((document) => ({ ...document, miscselect: '01000000' }))
    expect(verdictOn({ collateral })).toBe('qe-identity: QE MISCSELECT differs')
  })

  it('in debug mode is refused, also under an identity that does not look', () => {
    const collateral = qeIdentity((document) => ({ ...document, attributesMask: '00'.repeat(16) }))
    const attributes = fromHex('1700000000000000e700000000000000')
    expect(verdictOn({ collateral })).toBe('accepted')
    expect(verdictOn({ collateral, material: { qe: { attributes } } })).toBe(
      'qe-identity: the QE is in debug mode',
    )
  })

  it('that certified another attestation key is refused', () => {
    const quote = machine.quote(reportData)
    const other = newKey('attestation').publicKey.subarray(1)
    quote.set(other, 632 + 4 + 64)
    const evidence = { quote, collateral: manufacturer.collateral }
    const failed = appraiseTdx(evidence, context).steps.filter((one) => one.status === 'failed')
    expect(failed.map((step) => step.name)).toEqual(['qe-report', 'quote-signature'])
  })
})

describe('the structure of a quote', () => {
  const quote = machine.quote(reportData)
  const patched = (at: number, value: readonly number[]) => {
    const changed = quote.slice()
    changed.set(value, at)
    return changed
  }

  it.each([
    ['nothing', new Uint8Array(), /^cut/],
    ['a header alone', quote.subarray(0, 48), /^cut/],
    ['more than it says', quote.subarray(0, -1), /^cut/],
    ['version 3', patched(0, [3, 0]), /^quote version 3/],
    ['version 5', patched(0, [5, 0]), /^body of type/],
    ['a P-384 key', patched(2, [3, 0]), /^attestation key type 3/],
    ['an SGX report', patched(4, [0, 0, 0, 0]), /^TEE type 0/],
    ['a stranger as its QE vendor', patched(12, [0]), /^quoting enclave of vendor 00/],
    ['other certification data', patched(764, [5, 0]), /^certification data of type 5/],
    ['shorter certification data', patched(766, [0, 0]), /^certification data of \d+ of/],
    ['other inner certification data', patched(1_252, [6, 0]), /^certification data of type 6/],
    ['too much QE authentication', patched(1_218, [1, 4]), /^1025 bytes of QE/],
    ['too many bytes', new Uint8Array(32_769), /^quote of 32769 bytes/],
  ])('with %s is refused', (_, bytesOfQuote, reason) => {
    expect(() => parseTdxQuote(bytesOfQuote)).toThrow(reason)
  })
})

describe('guest', () => {
  const bit = (number: number): Uint8Array => {
    const attributes = fromHex('0000001000000000')
    attributes[number >> 3] = (attributes[number >> 3] ?? 0) ^ (1 << (number & 7))
    return attributes
  }

  it.each([
    ['DEBUG', bit(0), /^td-attributes: DEBUG/],
    ['SEPT_VE_DISABLE off', bit(28), /^td-attributes: SEPT_VE_DISABLE/],
    ['MIGRATABLE', bit(29), /^td-attributes: MIGRATABLE/],
    ['PERFMON', bit(63), /^td-attributes: PERFMON/],
    ['a reserved bit', bit(1), /^td-attributes: TDATTRIBUTES bit 1/],
    ['another reserved bit', bit(40), /^td-attributes: TDATTRIBUTES bit 40/],
    ['PKS, which is its own business,', bit(30), /^accepted$/],
  ])('with %s is judged', (_, tdAttributes, reason) => {
    expect(verdictOn({ body: { tdAttributes } })).toMatch(reason)
  })

  it('with more extended features than the policy allows is refused', () => {
    const xfam = fromHex('e703060000000000')
    expect(verdictOn({ body: { xfam } })).toMatch(/^td-attributes: XFAM/)
  })

  it.each([
    ['MRSIGNERSEAM', { mrSignerSeam: bytes(48, 1) }, /^seam-module: MRSIGNERSEAM/],
    ['SEAMATTRIBUTES', { seamAttributes: bytes(8, 1) }, /^seam-module: SEAMATTRIBUTES/],
    ['MRTD', { mrTd: bytes(48, 1) }, /^measurements: no listed release/],
    ['MRCONFIGID', { mrConfigId: bytes(48, 1) }, /^measurements: no listed release/],
    ['MROWNER', { mrOwner: bytes(48, 1) }, /^measurements: no listed release/],
    ['MROWNERCONFIG', { mrOwnerConfig: bytes(48, 1) }, /^measurements: no listed release/],
  ])('with a foreign %s is refused', (_, body, reason) => {
    expect(verdictOn({ body })).toMatch(reason)
  })

  it.each([
    [0, /^measurements: no listed release/],
    [1, /^measurements: no listed release/],
    [2, /^measurements: no listed release/],
    [3, /^measurements: RTMR3: /],
  ])('with a foreign RTMR%i is refused', (at, reason) => {
    const rtMr = machine.report(reportData).rtMr.with(at, bytes(48, 1))
    expect(verdictOn({ body: { rtMr } })).toMatch(reason)
  })

  it('under a TDX module that the policy does not list is refused', () => {
    const tdx = { ...policy.tdx, mrSeam: ['ab'.repeat(48)] }
    expect(verdictOn({ context: { policy: { ...policy, tdx } } })).toMatch(
      /^seam-module: the policy/,
    )
  })
})

describe('the crypto port', () => {
  it('is believed when it says no', () => {
    const refusing = { ...crypto, ecdsaVerify: () => false }
    expect(verdictOn({ context: { crypto: refusing } })).toMatch(/^pck-chain: .*not signed/)
  })
})
