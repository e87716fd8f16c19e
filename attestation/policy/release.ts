/** Releases: what a guest that somebody can build again measures to, on each kind of machine. */
import { z } from 'zod'
import { RTMR_EVENTS_MAX } from '#attestation/constants.ts'
import { anyOrList, hex, name, remark } from './fields.ts'

/** How to build the same image again; null for what nobody built (simulated guests). */
const build = z
  .strictObject({
    /** Address of the source repository. */
    source: remark,
    /** Git commit, 20 bytes. */
    commit: hex(20),
    /** SHA-256 of the build's provenance statement. */
    provenance: hex(32),
  })
  .nullable()

/** One extension of RTMR3, in the order in which the guest makes them. */
const expectedEvent = z.strictObject({ name, digests: anyOrList(hex(48)) })

/** RTMR3: one value, or what the measured guest logs at run time, replayed from its event log. */
const rtMr3 = z.union([
  z.strictObject({ pinned: hex(48) }),
  z.strictObject({ replayed: z.array(expectedEvent).min(1).max(RTMR_EVENTS_MAX) }),
])
export type ExpectedRtMr3 = z.infer<typeof rtMr3>

/** What every release says, whatever machine it runs on. */
const common = {
  label: name,
  build,
  /** The runtime digest that a statement of this release must carry. */
  runtimeDigest: hex(32),
}

export const tdxMeasurement = z.strictObject({
  ...common,
  mrTd: hex(48),
  rtMr0: hex(48),
  rtMr1: hex(48),
  rtMr2: hex(48),
  rtMr3,
  /** Inputs that the host controls: zeros unless a release uses them. */
  mrConfigId: hex(48),
  mrOwner: hex(48),
  mrOwnerConfig: hex(48),
})
export type Measurement = z.infer<typeof tdxMeasurement>

export const snpMeasurement = z.strictObject({
  ...common,
  /** Launch digest; another one for each number of virtual processors. */
  measurement: hex(48),
  /** An input that the host controls: zeros unless a release uses it. */
  hostData: hex(32),
})
export type SnpMeasurement = z.infer<typeof snpMeasurement>
