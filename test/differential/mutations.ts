/**
 * TDX evidence with things changed: what its maker may say otherwise (and sign), and bytes that nobody signed. Each
 * mutation draws what it needs from the seed.
 */
import type { Collateral } from '#attestation/verify/collateral.ts'
import { decodeCollateral } from '#attestation/verify/collateral.ts'
import {
  extracted,
  type Forgery,
  honest,
  issue,
  makeTdx,
  newKey,
  platform,
  qeIdentity,
  reportData,
  revocationList,
  root,
  sgxOf,
  tcbInfo,
  tcbSigner,
} from '../attestation/forge.ts'
import { machine, nowMs } from '../attestation/network.ts'
import type { Subject } from './oracle.ts'
import type { Seeded } from './seeded.ts'

const DAY_MS = 86_400_000
const PCK = 'Intel SGX PCK Certificate'
const report = machine.report(reportData)
const iso = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

type Mutation = (random: Seeded) => Forgery
/** Half of the days lie before now, half after. */
const someDay = (random: Seeded): number => nowMs + (random.below(80) - 40) * DAY_MS

function flipBit(value: Uint8Array, random: Seeded): Uint8Array {
  const at = random.below(value.length)
  return value.with(at, (value[at] ?? 0) ^ (1 << random.below(8)))
}

function withPck(certificate: Uint8Array): Forgery {
  const pckChain = [certificate, platform.certificate, root.certificate]
  return { material: { pckKey: newKey(PCK), pckChain } }
}
const freshPck = (order: Partial<Parameters<typeof issue>[0]> = {}, issuer = platform) =>
  issue({ commonName: PCK, sgxExtension: sgxOf(), ...order }, issuer)

/** What a guest or its host may say, well signed. */
const GUESTS: readonly Mutation[] = [
  (random) => ({ body: { tdAttributes: flipBit(report.tdAttributes, random) } }),
  (random) => ({ body: { xfam: flipBit(report.xfam, random) } }),
  (random) => ({ body: { mrTd: flipBit(report.mrTd, random) } }),
  (random) => ({ body: { mrSignerSeam: flipBit(report.mrSignerSeam, random) } }),
  (random) => ({ body: { seamAttributes: flipBit(report.seamAttributes, random) } }),
  (random) => ({ body: { reportData: random.bytes(64) } }),
  (random) => ({
    body: { teeTcbSvn: report.teeTcbSvn.with(random.below(16), random.below(8)) },
  }),
  (random) => ({
    body: {
      td15: {
        teeTcbSvn2: report.teeTcbSvn.with(random.below(3), random.below(8)),
        mrServiceTd: new Uint8Array(48).with(47, random.below(2)),
      },
    },
  }),
]

/** What quoting enclaves and platforms may be. */
const PLATFORMS: readonly Mutation[] = [
  (random) => ({ material: { qe: { isvSvn: random.below(9) } } }),
  (random) => ({
    material: { qe: { attributes: flipBit(new Uint8Array(16).with(0, 0x15), random) } },
  }),
  () => ({ material: { qeSigner: new Uint8Array(32).fill(1) } }),
  () => ({ material: { pckKey: newKey('another') } }),
  () => ({ material: { version: 5 } }),
  (random) => withPck(freshPck({ sgxExtension: sgxOf({ pceSvn: random.below(16) }) })),
  (random) =>
    withPck(
      freshPck({
        sgxExtension: sgxOf({ cpuSvn: random.bytes(16).map((svn) => svn % 8) }),
      }),
    ),
  (random) => withPck(freshPck({ sgxExtension: sgxOf({ fmspc: random.bytes(6) }) })),
  (random) => withPck(freshPck({ sgxExtension: sgxOf({ pceId: random.bytes(2) }) })),
]

/** What authorities may sign, and what somebody with an extracted key may. */
const CHAINS: readonly Mutation[] = [
  () => withPck(freshPck()),
  (random) => withPck(freshPck({ notBeforeMs: someDay(random) })),
  (random) => withPck(freshPck({ notAfterMs: someDay(random) })),
  (random) => withPck(freshPck({ commonName: random.pick(['X', PCK, 'Intel SGX TCB Signing']) })),
  (random) => withPck(freshPck({ keyUsage: random.pick([[0], [1], [0, 5], [6]]) })),
  () => withPck(freshPck({ authorityPathLength: 0 })),
  () => withPck(freshPck({}, { ...platform, key: newKey('x') })),
  () => withPck(freshPck({}, { ...platform, commonName: 'X' })),
  (random) => ({ collateral: signerOf(random) }),
  (random) => ({
    collateral: {
      pckCrl: revocationList(platform, {
        revoked: random.pick([[], ['01'], [machine.pckSerial]]),
        thisUpdateMs: someDay(random),
        nextUpdateMs: someDay(random),
      }),
    },
  }),
  (random) => ({
    collateral: {
      rootCrl: revocationList(root, {
        revoked: random.pick([[], [platform.serial], [tcbSigner.serial]]),
      }),
    },
  }),
  (random) => ({
    collateral: { pckCrl: revocationList(random.pick([root, { ...platform, key: newKey('x') }])) },
  }),
  () => ({ collateral: { rootCrl: new Uint8Array(0), pckCrl: new Uint8Array(0) } }),
]

function signerOf(random: Seeded): Partial<Collateral> {
  const commonName = 'Intel SGX TCB Signing'
  const key = newKey(commonName)
  const order = { commonName, publicKey: key.publicKey }
  const signer = random.pick([
    issue(order, root),
    issue({ ...order, notAfterMs: someDay(random) }, root),
    issue({ ...order, commonName: 'X' }, root),
    issue({ ...order, authorityPathLength: 0 }, root),
    issue(order, { ...root, key: newKey('x') }),
  ])
  const chain = random.pick([[signer, root.certificate], [signer]])
  return tcbInfo((document) => document, { key, chain })
}

const STATUSES = ['UpToDate', 'OutOfDate', 'SWHardeningNeeded', 'ConfigurationNeeded', 'Revoked']
/** What Intel's documents may say, and who may sign them. */
const DOCUMENTS: readonly Mutation[] = [
  (random) => ({
    collateral: tcbInfo((document) => ({
      ...document,
      tcbLevels: document.tcbLevels.map((level) => ({
        ...level,
        tcbStatus: random.pick(STATUSES),
      })),
    })),
  }),
  (random) => ({
    collateral: tcbInfo((document) => ({
      ...document,
      [random.pick(['issueDate', 'nextUpdate'])]: iso(someDay(random)),
    })),
  }),
  (random) => ({
    collateral: qeIdentity((document) => ({
      ...document,
      [random.pick(['issueDate', 'nextUpdate'])]: iso(someDay(random)),
    })),
  }),
  (random) => ({
    collateral: tcbInfo((document) => ({
      ...document,
      ...random.pick<object>([
        { id: 'SGX' },
        { version: 2 },
        { tcbType: 1 },
        { pceId: '0001' },
        { fmspc: '00906ED50000' },
        { tcbLevels: [] },
        { tdxModuleIdentities: [] },
      ]),
    })),
  }),
  (random) => ({
    collateral: qeIdentity((document) => ({
      ...document,
      ...random.pick<object>([
        { id: 'QE' },
        { version: 3 },
        { isvprodid: 1 },
        { miscselect: '01000000' },
        { mrsigner: '00'.repeat(32) },
        { tcbLevels: [] },
      ]),
    })),
  }),
  () => ({
    collateral: tcbInfo((document) => document, { key: newKey('x'), chain: honest.tcbInfoChain }),
  }),
  () => ({
    collateral: tcbInfo((document) => document, {
      key: extracted.key,
      chain: [extracted.certificate, platform.certificate, root.certificate],
    }),
  }),
]

const SIGNED: readonly Mutation[] = [...GUESTS, ...PLATFORMS, ...CHAINS, ...DOCUMENTS]

const PARTS = [
  'tcbInfo',
  'tcbInfoSignature',
  'qeIdentity',
  'qeIdentitySignature',
  'rootCrl',
  'pckCrl',
] as const

/** One byte of one part changed, added or cut. */
function damaged(subject: Subject, random: Seeded): Subject {
  const damage = (value: Uint8Array): Uint8Array =>
    random.pick([
      () => flipBit(value, random),
      () => flipBit(value, random),
      () => value.subarray(0, random.below(value.length)),
      () => Uint8Array.from([...value, random.below(256)]),
    ])()
  if (random.below(2) === 0) return { ...subject, quote: damage(subject.quote) }
  const part = random.pick(PARTS)
  const collateral = { ...subject.collateral, [part]: damage(subject.collateral[part]) }
  return { ...subject, collateral }
}

function merged(one: Forgery, other: Forgery): Forgery {
  return {
    body: { ...one.body, ...other.body },
    material: { ...one.material, ...other.material },
    collateral: { ...one.collateral, ...other.collateral },
  }
}

/** A case of the run: one or two mutations that are signed, or damage to honest evidence, or another clock. */
export function mutated(random: Seeded): Subject {
  const kind = random.below(10)
  const first = kind < 7 ? random.pick(SIGNED)(random) : {}
  const forgery = kind < 2 ? merged(first, random.pick(SIGNED)(random)) : first
  const { quote, collateral } = makeTdx(forgery)
  const clockMs = kind === 9 ? someDay(random) : nowMs
  const subject = { quote, collateral: decodeCollateral(collateral), nowMs: clockMs }
  return kind === 7 || kind === 8 ? damaged(subject, random) : subject
}
