/**
 * Two policies as one: what the merged one accepts, both accept. A client's own policy can therefore only
 * tighten the network's, and what either does not know stays refused.
 */
import { toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { meetLists, meetOpen, meetWords } from './meet.ts'
import { meetHardware } from './merge-hardware.ts'
import { meetGpu, meetSnp, meetTcb, meetTdx } from './merge-sections.ts'
import { type AttestationPolicy, parsePolicy, policyDigest } from './policy.ts'

const TIERS = ['simulated', 'confidential'] as const
const NAME_CHARACTERS_MAX = 64

type Freshness = AttestationPolicy['freshness']

function meetFreshness(one: Freshness, other: Freshness): Freshness {
  return {
    challengeFirstContact: one.challengeFirstContact || other.challengeFirstContact,
    challengeLocationVerified: one.challengeLocationVerified || other.challengeLocationVerified,
    spotChecksPerThousand: Math.max(one.spotChecksPerThousand, other.spotChecksPerThousand),
  }
}

/** `same` means the document that says it, so it becomes that document's digest. */
function claimsOf(crypto: CryptoPort, policy: AttestationPolicy): 'any' | readonly string[] {
  const { claimedPolicy } = policy
  return claimedPolicy === 'same' ? [toHex(policyDigest(crypto, policy))] : claimedPolicy
}

/**
 * @throws ConfigError POLICY_INVALID when a merged list (of revoked hardware) grows beyond its limit
 */
export function mergePolicies(
  crypto: CryptoPort,
  network: AttestationPolicy,
  own: AttestationPolicy,
): AttestationPolicy {
  return parsePolicy({
    version: 2,
    name: `${network.name}.${own.name}`.slice(0, NAME_CHARACTERS_MAX),
    tierMin: meetWords(TIERS, network.tierMin, own.tierMin),
    tees: meetLists(network.tees, own.tees),
    anchors: meetLists(network.anchors, own.anchors),
    tcb: meetTcb(network.tcb, own.tcb),
    tdx: meetTdx(network.tdx, own.tdx),
    snp: meetSnp(network.snp, own.snp),
    gpu: meetGpu(network.gpu, own.gpu),
    hardware: meetHardware(network.hardware, own.hardware),
    sealingSuites: meetLists(network.sealingSuites, own.sealingSuites),
    freshness: meetFreshness(network.freshness, own.freshness),
    claimedPolicy: meetOpen(claimsOf(crypto, network), claimsOf(crypto, own)),
  })
}
