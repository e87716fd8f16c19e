/** TCB levels, quoting enclaves, TDX modules and guests. */
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { fromHex } from '#protocol/bytes.ts'
import {
  type Forgery,
  issue,
  newKey,
  platform,
  qeIdentity,
  reportData,
  sgxOf,
  tcbInfo,
} from '#test/attestation/forge.ts'
import { bytes, machine, policy, zeros } from '#test/attestation/network.ts'
import type { CorpusEntry } from './entry.ts'
import { PCK, tdx, tdxAlone, withPck } from './tdx-entry.ts'

const report = machine.report(reportData)
const under = (changes: Partial<AttestationPolicy>): Forgery => ({
  context: { policy: { ...policy, ...changes } },
})
const tcb = (changes: Partial<AttestationPolicy['tcb']>) =>
  under({ tcb: { ...policy.tcb, ...changes } })
const levelled = (tcbStatus: string, advisoryIDs: string[] = []): Forgery => ({
  collateral: tcbInfo((document) => ({
    ...document,
    tcbLevels: document.tcbLevels.map((level) => ({ ...level, tcbStatus, advisoryIDs })),
  })),
})
const platformAt = (pceSvn: number) =>
  withPck(issue({ commonName: PCK, sgxExtension: sgxOf({ pceSvn }) }, platform))

const levels: readonly CorpusEntry[] = [
  tdx(
    'tdx-tcb-out-of-date',
    'A platform below the newest TCB level.',
    ['tcb-status'],
    platformAt(12),
  ),
  tdx('tdx-tcb-below-all', 'A platform below every TCB level.', ['tcb-status'], platformAt(7)),
  tdx('tdx-tcb-revoked', 'A TCB level that is revoked.', ['tcb-status'], levelled('Revoked')),
  tdx(
    'tdx-tcb-advisory',
    'Hardening needed, and one of two advisories not listed.',
    ['tcb-status'],
    {
      ...levelled('SWHardeningNeeded', ['SA-1', 'SA-2']),
      ...tcb({ statuses: ['UpToDate', 'SWHardeningNeeded'], advisories: ['SA-1'] }),
    },
  ),
  tdx('tdx-tcb-advisories-good', 'Hardening needed, both advisories listed: accepted.', [], {
    ...levelled('SWHardeningNeeded', ['SA-1', 'SA-2']),
    ...tcb({ statuses: ['UpToDate', 'SWHardeningNeeded'], advisories: ['SA-1', 'SA-2'] }),
  }),
  tdx('tdx-tcb-grace-good', 'Out of date within the grace period of the policy: accepted.', [], {
    ...levelled('OutOfDate'),
    ...tcb({ grace: { tcbDateMin: '2025-11-01T00:00:00Z', until: '2026-12-01T00:00:00Z' } }),
  }),
  tdx('tdx-tcb-grace-ended', 'Out of date after the grace period.', ['tcb-status'], {
    ...levelled('OutOfDate'),
    ...tcb({ grace: { tcbDateMin: '2025-11-01T00:00:00Z', until: '2026-11-22T12:00:00Z' } }),
  }),
  tdx('tdx-evaluation-floor', 'Good evidence under a higher evaluation floor.', ['tcb-status'], {
    ...tcb({ evaluationNumberMin: 19 }),
  }),
]

const enclaves: readonly CorpusEntry[] = [
  tdx('tdx-qe-other-signer', 'A quoting enclave of another signer.', ['qe-identity'], {
    material: { qeSigner: bytes(32, 1) },
  }),
  tdx('tdx-qe-old', 'A quoting enclave below its identity.', ['qe-identity'], {
    material: { qe: { isvSvn: 3 } },
  }),
  tdx(
    'tdx-qe-debug',
    'A quoting enclave in debug mode, under an identity that masks the flag out.',
    ['qe-identity'],
    {
      material: { qe: { attributes: fromHex('1700000000000000e700000000000000') } },
      collateral: qeIdentity((document) => ({ ...document, attributesMask: '00'.repeat(16) })),
    },
  ),
  tdxAlone('tdx-qe-other-pck', "A QE report signed by another machine's PCK key.", ['qe-report'], {
    material: { pckKey: newKey('other') },
  }),
]

const seam = (id: string, comment: string, failed: readonly string[], forgery: Forgery) =>
  tdx(`tdx-seam-${id}`, comment, failed, forgery)
const td15 = { teeTcbSvn2: report.teeTcbSvn, mrServiceTd: zeros(48) }

const modules: readonly CorpusEntry[] = [
  seam('other-signer', 'A TDX module of another signer.', ['seam-module'], {
    body: { mrSignerSeam: bytes(48, 1) },
  }),
  seam('attributes', 'A TDX module with SEAM attributes set.', ['seam-module'], {
    body: { seamAttributes: bytes(8, 1) },
  }),
  seam('not-listed', 'A TDX module that the policy does not list.', ['seam-module'], {
    ...under({ tdx: { ...policy.tdx, mrSeam: ['ab'.repeat(48)] } }),
  }),
  seam('unknown-generation', 'A TDX module of a generation that TCB info lacks.', ['seam-module'], {
    body: { teeTcbSvn: report.teeTcbSvn.with(1, 3) },
  }),
  seam('old', 'An old TDX module makes the platform out of date.', ['tcb-status'], {
    body: { teeTcbSvn: report.teeTcbSvn.with(0, 3) },
  }),
  seam('old-now', 'TD 1.5: the module of now is old, the one at launch is not.', ['tcb-status'], {
    body: { td15: { ...td15, teeTcbSvn2: report.teeTcbSvn.with(0, 2) } },
  }),
  seam('old-at-launch', 'TD 1.5: the module at launch was old.', ['tcb-status'], {
    body: { teeTcbSvn: report.teeTcbSvn.with(0, 2), td15 },
  }),
]

function attributeBit(number: number): Uint8Array {
  const attributes = fromHex('0000001000000000')
  attributes[number >> 3] = (attributes[number >> 3] ?? 0) ^ (1 << (number & 7))
  return attributes
}
const attributes = (id: string, comment: string, body: Forgery['body']) =>
  tdx(`tdx-${id}`, comment, ['td-attributes'], body && { body })

const guests: readonly CorpusEntry[] = [
  attributes('debug', 'A debug TD.', { tdAttributes: attributeBit(0) }),
  attributes('sept-ve-off', 'A guest without SEPT_VE_DISABLE.', { tdAttributes: attributeBit(28) }),
  attributes('migratable', 'A guest that its host may move.', { tdAttributes: attributeBit(29) }),
  attributes('perfmon', 'A guest with performance counters.', { tdAttributes: attributeBit(63) }),
  attributes('attributes-reserved', 'A reserved attribute set.', {
    tdAttributes: attributeBit(40),
  }),
  attributes('xfam', 'More extended features than the policy allows.', {
    xfam: fromHex('e703060000000000'),
  }),
  attributes('service-td', 'TD 1.5: a service TD is bound to the guest.', {
    td15: { ...td15, mrServiceTd: zeros(48).with(47, 1) },
  }),
  ...(['mrTd', 'mrConfigId', 'mrOwner', 'mrOwnerConfig'] as const).map((field) =>
    tdx(`tdx-other-${field.toLowerCase()}`, `A guest of another ${field}.`, ['measurements'], {
      body: { [field]: bytes(48, 1) },
    }),
  ),
  ...[0, 1, 2, 3].map((at) =>
    tdx(`tdx-other-rtmr${at}`, `A guest of another RTMR${at}.`, ['measurements'], {
      body: { rtMr: report.rtMr.with(at, bytes(48, 1)) },
    }),
  ),
]

export const TDX_MACHINES: readonly CorpusEntry[] = [...levels, ...enclaves, ...modules, ...guests]
