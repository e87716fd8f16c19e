/** What a registry can revoke, and which of it is in use: by a policy, or by one provider's statement. */
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { policyDigest } from '#attestation/policy/policy.ts'
import type { StatementCore } from '#attestation/statement.ts'
import { fromHex, tagged, toHex, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { AttestationError } from '#protocol/errors.ts'
import type { RegistryOnChain } from '#settlement/registry/registry.ts'

export interface UsedKey {
  /** For people: "the model", "the measurement of release 3". */
  readonly what: string
  /** Hexadecimal of 32 bytes. */
  readonly key: string
}

/** Keys of a policy's measurements (docs/spec/settlement.md, "Registry"). */
function measurementKeys(
  crypto: CryptoPort,
  policy: AttestationPolicy,
): readonly (UsedKey & { readonly runtimeDigest: string })[] {
  const keyOf = (kind: string, registers: readonly string[]): string =>
    toHex(crypto.sha256(tagged('cocoon/measurement/1', utf8(kind), ...registers.map(fromHex))))
  const tdx = policy.tdx.measurements.map(({ label, runtimeDigest, mrTd, ...rest }) => ({
    what: `the measurement ${label}`,
    runtimeDigest,
    key: keyOf('tdx', [runtimeDigest, mrTd, rest.rtMr0, rest.rtMr1, rest.rtMr2]),
  }))
  const snp = policy.snp.measurements.map(({ label, runtimeDigest, measurement }) => ({
    what: `the measurement ${label}`,
    runtimeDigest,
    key: keyOf('sev-snp', [runtimeDigest, measurement]),
  }))
  return [...tdx, ...snp]
}

/** What all sessions under a policy stand on. */
export function usedByPolicy(crypto: CryptoPort, policy: AttestationPolicy): readonly UsedKey[] {
  const measurements = measurementKeys(crypto, policy)
  const runtimes = measurements.map(({ runtimeDigest }) => ({
    what: 'a runtime',
    key: runtimeDigest,
  }))
  const digest = toHex(policyDigest(crypto, policy))
  return [{ what: 'the policy', key: digest }, ...measurements, ...runtimes]
}

/**
 * What one provider stands on: the policy, its model, its runtime, and every measurement of the policy that
 * has this runtime. A release with several measurements counts as revoked with any of them.
 */
export function usedBySession(
  crypto: CryptoPort,
  policy: AttestationPolicy,
  core: Pick<StatementCore, 'modelRoot' | 'runtimeDigest'>,
): readonly UsedKey[] {
  const runtime = toHex(core.runtimeDigest)
  return [
    { what: 'the policy', key: toHex(policyDigest(crypto, policy)) },
    { what: 'the model', key: toHex(core.modelRoot) },
    { what: 'the runtime', key: runtime },
    ...measurementKeys(crypto, policy).filter(({ runtimeDigest }) => runtimeDigest === runtime),
  ]
}

export function revokedAmong(
  registry: RegistryOnChain,
  used: readonly UsedKey[],
): UsedKey | undefined {
  return used.find(({ key }) => registry.entries.get(key)?.status === 'revoked')
}

/** @throws AttestationError REGISTRY_REVOKED */
export function requireNotRevoked(registry: RegistryOnChain, used: readonly UsedKey[]): void {
  const revoked = revokedAmong(registry, used)
  if (revoked === undefined) return
  throw new AttestationError('REGISTRY_REVOKED', `a registry revoked ${revoked.what}`, {
    remedy: 'Update this program and its policy; nothing is sent to providers that run it.',
    data: { key: revoked.key },
  })
}

export type PolicyComparison = 'none' | 'same' | 'other'

/** The registry's policy beside the one in force. Advisory: another one is said, not imposed. */
export function comparePolicy(
  crypto: CryptoPort,
  registry: RegistryOnChain,
  policy: AttestationPolicy,
): PolicyComparison {
  if (registry.policy === undefined) return 'none'
  const own = toHex(policyDigest(crypto, policy))
  return toHex(registry.policy.policyHash) === own ? 'same' : 'other'
}
