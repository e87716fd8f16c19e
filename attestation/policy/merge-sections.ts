/** Merging of the sections about TDX, SEV-SNP and GPUs. */
import { meetLists, meetMasks, meetOpen, meetWords } from './meet.ts'
import type { AttestationPolicy } from './policy.ts'

type Tcb = AttestationPolicy['tcb']
type Tdx = AttestationPolicy['tdx']
type Snp = AttestationPolicy['snp']
type Gpu = AttestationPolicy['gpu']
type Product = Snp['products'][number]

/** From the most lenient to the strictest. */
const NEEDS = ['none', 'optional', 'required'] as const
const BITS = ['any', 'required'] as const
const PERMISSIONS = ['allowed', 'refused'] as const

/** Times in one spelling, so that text order is time order. */
function meetGrace(one: Tcb['grace'], other: Tcb['grace']): Tcb['grace'] {
  if (one === null || other === null) return null
  return {
    tcbDateMin: one.tcbDateMin < other.tcbDateMin ? other.tcbDateMin : one.tcbDateMin,
    until: one.until < other.until ? one.until : other.until,
  }
}

export function meetTcb(one: Tcb, other: Tcb): Tcb {
  return {
    statuses: meetLists(one.statuses, other.statuses),
    advisories: meetLists(one.advisories, other.advisories),
    evaluationNumberMin: Math.max(one.evaluationNumberMin, other.evaluationNumberMin),
    grace: meetGrace(one.grace, other.grace),
  }
}

/** Label and build are for the reader; what a release measures to decides. */
function measured<T extends Tdx['measurements'][number] | Snp['measurements'][number]>(release: T) {
  const { label: _label, build: _build, ...rest } = release
  return rest
}

export function meetTdx(one: Tdx, other: Tdx): Tdx {
  return {
    mrSeam: meetOpen(one.mrSeam, other.mrSeam),
    xfamAllowed: meetMasks(one.xfamAllowed, other.xfamAllowed),
    migratable: meetWords(PERMISSIONS, one.migratable, other.migratable),
    measurements: meetLists(one.measurements, other.measurements, measured),
  }
}

function meetProducts(one: readonly Product[], other: readonly Product[]): Product[] {
  return one.flatMap((mine) =>
    other
      .filter((theirs) => theirs.product === mine.product)
      .map((theirs) => ({ product: mine.product, tcbMin: meetTcbMin(mine.tcbMin, theirs.tcbMin) })),
  )
}

function meetTcbMin(one: Product['tcbMin'], other: Product['tcbMin']): Product['tcbMin'] {
  return {
    fmc: Math.max(one.fmc, other.fmc),
    bootLoader: Math.max(one.bootLoader, other.bootLoader),
    tee: Math.max(one.tee, other.tee),
    snp: Math.max(one.snp, other.snp),
    microcode: Math.max(one.microcode, other.microcode),
  }
}

function meetAbi(one: Snp['abiMin'], other: Snp['abiMin']): Snp['abiMin'] {
  if (one.major !== other.major) return one.major > other.major ? one : other
  return one.minor > other.minor ? one : other
}

function meetGuest(one: Snp['guest'], other: Snp['guest']): Snp['guest'] {
  return {
    debug: 'refused',
    migrationAgent: meetWords(PERMISSIONS, one.migrationAgent, other.migrationAgent),
    vmplMax: Math.min(one.vmplMax, other.vmplMax),
    singleSocket: meetWords(BITS, one.singleSocket, other.singleSocket),
    smt: meetWords(PERMISSIONS, one.smt, other.smt),
  }
}

function meetPlatform(one: Snp['platform'], other: Snp['platform']): Snp['platform'] {
  const meet = (bit: keyof Snp['platform']) => meetWords(BITS, one[bit], other[bit])
  return {
    aliasCheckComplete: meet('aliasCheckComplete'),
    ciphertextHiding: meet('ciphertextHiding'),
    pageSwapDisabled: meet('pageSwapDisabled'),
    eccMemory: meet('eccMemory'),
    raplDisabled: meet('raplDisabled'),
  }
}

export function meetSnp(one: Snp, other: Snp): Snp {
  return {
    products: meetProducts(one.products, other.products),
    signingKeys: meetLists(one.signingKeys, other.signingKeys),
    reportVersionMin: Math.max(one.reportVersionMin, other.reportVersionMin),
    abiMin: meetAbi(one.abiMin, other.abiMin),
    guest: meetGuest(one.guest, other.guest),
    platform: meetPlatform(one.platform, other.platform),
    idKeyDigests: meetOpen(one.idKeyDigests, other.idKeyDigests),
    authorKeyDigests: meetOpen(one.authorKeyDigests, other.authorKeyDigests),
    measurements: meetLists(one.measurements, other.measurements, measured),
  }
}

export function meetGpu(one: Gpu, other: Gpu): Gpu {
  return {
    need: meetWords(NEEDS, one.need, other.need),
    architectures: meetLists(one.architectures, other.architectures),
    drivers: meetOpen(one.drivers, other.drivers),
    vbios: meetOpen(one.vbios, other.vbios),
    rims: meetOpen(one.rims, other.rims),
    nras: meetWords(NEEDS, one.nras, other.nras),
  }
}
