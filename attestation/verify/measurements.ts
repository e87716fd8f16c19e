/** Does the guest run one of the releases that the policy lists? */
import type { AttestationPolicy, Measurement } from '#attestation/policy/policy.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import type { TdReport } from './quote.ts'
import { refuse } from './refuse.ts'

export interface Release {
  readonly label: string
  /** 32 bytes. */
  readonly runtimeDigest: Uint8Array
}

function matches(body: TdReport, one: Measurement): boolean {
  if (!('pinned' in one.rtMr3)) return false
  const expected = [one.mrTd, one.rtMr0, one.rtMr1, one.rtMr2, one.rtMr3.pinned]
  const found = [body.mrTd, ...body.rtMr]
  const hostInputs = [one.mrConfigId, one.mrOwner, one.mrOwnerConfig]
  const foundInputs = [body.mrConfigId, body.mrOwner, body.mrOwnerConfig]
  const wanted = [...expected, ...hostInputs]
  return [...found, ...foundInputs].every((bytes, at) => toHex(bytes) === wanted[at])
}

/** @throws AttestationError CHECK_FAILED */
export function expectMeasurements(body: TdReport, policy: AttestationPolicy): Release {
  const release = policy.tdx.measurements.find((one) => matches(body, one))
  if (release === undefined) return refuse(`no listed release measures to MRTD ${toHex(body.mrTd)}`)
  return { label: release.label, runtimeDigest: fromHex(release.runtimeDigest) }
}
