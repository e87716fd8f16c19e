/** Does the guest run one of the releases that the policy lists? */
import type { Measurement } from '#attestation/policy/policy.ts'
import type { ExpectedRtMr3 } from '#attestation/policy/release.ts'
import { equal, fromHex, toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { readEventLog, replayRegister } from './event-log.ts'
import { refuse } from './refuse.ts'
import type { TdReport } from './td-report.ts'

export interface Release {
  /** Of all releases that measure to the same: one image may launch one of several servers. */
  readonly label: string
  /** Of the same releases, 32 bytes each, at least one. */
  readonly runtimeDigests: readonly Uint8Array[]
}

/** Everything but RTMR3: fixed when the guest was built, or an input that the host controls. */
function isImage(body: TdReport, one: Measurement): boolean {
  const [rtMr0, rtMr1, rtMr2] = body.rtMr
  const pairs: readonly (readonly [Uint8Array | undefined, string])[] = [
    [body.mrTd, one.mrTd],
    [rtMr0, one.rtMr0],
    [rtMr1, one.rtMr1],
    [rtMr2, one.rtMr2],
    [body.mrConfigId, one.mrConfigId],
    [body.mrOwner, one.mrOwner],
    [body.mrOwnerConfig, one.mrOwnerConfig],
  ]
  return pairs.every(([found, wanted]) => found !== undefined && equal(found, fromHex(wanted)))
}

/** Exactly the expected events, in their order, each with a digest that its name allows. */
function isExpectedLog(digests: readonly Uint8Array[], expected: ExpectedRtMr3): boolean {
  if ('pinned' in expected) return false
  const { replayed } = expected
  return (
    replayed.length === digests.length &&
    replayed.every(({ digests: allowed }, at) => {
      const digest = toHex(digests[at] ?? new Uint8Array(0))
      return allowed === 'any' || allowed.includes(digest)
    })
  )
}

function expectRegister3(
  crypto: CryptoPort,
  body: TdReport,
  eventLog: Uint8Array,
  candidates: readonly Measurement[],
): readonly Measurement[] {
  const rtMr3 = body.rtMr[3] ?? refuse('a quote without RTMR3')
  const found = { found: `RTMR3 ${toHex(rtMr3)}` }
  const digests = readEventLog(eventLog)
  const isReplayed = equal(replayRegister(crypto, digests), rtMr3)
  if (digests.length > 0 && !isReplayed) refuse('the event log does not replay to RTMR3', found)
  const releases = candidates.filter(({ rtMr3: expected }) =>
    'pinned' in expected
      ? equal(fromHex(expected.pinned), rtMr3)
      : isReplayed && isExpectedLog(digests, expected),
  )
  if (releases.length > 0) return releases
  return refuse('RTMR3: the guest did something at run time that is not listed', found)
}

/**
 * @param eventLog what the guest extended RTMR3 with; empty: it sent none
 * @throws AttestationError CHECK_FAILED
 */
export function expectMeasurements(
  crypto: CryptoPort,
  body: TdReport,
  eventLog: Uint8Array,
  releases: readonly Measurement[],
): Release {
  const mrTd = toHex(body.mrTd)
  if (releases.length === 0) {
    refuse('the policy lists no release', { found: `MRTD ${mrTd}`, advice: 'fix' })
  }
  const images = releases.filter((one) => isImage(body, one))
  if (images.length === 0) {
    refuse(`no listed release measures to MRTD ${mrTd}`, { found: `MRTD ${mrTd}` })
  }
  const found = expectRegister3(crypto, body, eventLog, images)
  return {
    label: found.map(({ label }) => label).join(' or '),
    runtimeDigests: found.map(({ runtimeDigest }) => fromHex(runtimeDigest)),
  }
}
