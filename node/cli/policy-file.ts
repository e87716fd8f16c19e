/** Policies that a person names: the built-in one, a policy file, or the policy of a network file. */
import { defaultPolicy } from '#attestation/policy/builtin.ts'
import { type AttestationPolicy, parsePolicy } from '#attestation/policy/policy.ts'
import { systemClock } from '#node/clock.ts'
import { networkFileSchema } from '#node/testnet/network-file.ts'
import { networkTrust } from '#node/trust.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { ConfigError } from '#protocol/errors.ts'
import { readBounded } from './bounded-file.ts'
import { POLICY_FILE_BYTES_MAX } from './constants.ts'

/** @throws ConfigError POLICY_INVALID, FILE_UNREADABLE, FILE_TOO_LARGE */
function readDocument(file: string): unknown {
  const text = readBounded(file, POLICY_FILE_BYTES_MAX).toString('utf8')
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ConfigError('POLICY_INVALID', `${file} is not JSON`, { cause })
  }
}

/** @throws ConfigError POLICY_INVALID, FILE_UNREADABLE, FILE_TOO_LARGE */
export function readPolicyFile(file: string): AttestationPolicy {
  return parsePolicy(readDocument(file))
}

export const PRODUCTION = 'production'

/**
 * @param name `production`, a policy file, or a network file: then the policy of that network
 * @throws ConfigError POLICY_INVALID, FILE_UNREADABLE, FILE_TOO_LARGE, SIMULATED_ON_MAINNET
 */
export function policyByName(name: string): AttestationPolicy {
  if (name === PRODUCTION) return defaultPolicy()
  const document = readDocument(name)
  const network = networkFileSchema.safeParse(document)
  if (!network.success) return parsePolicy(document)
  return networkTrust(network.data, crypto, systemClock.nowMs()).policy
}
