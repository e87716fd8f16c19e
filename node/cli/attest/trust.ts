/** What `cocoon attest` judges by: manufacturers' roots, a network's own, a policy, a time. */
import { MAINNET_GLOBAL_ID } from '#attestation/anchors/select.ts'
import { defaultPolicy } from '#attestation/policy/builtin.ts'
import type { AppraisalContext } from '#attestation/verify/tee-verifier.ts'
import { systemClock } from '#node/clock.ts'
import { type NetworkFile, readNetworkFile } from '#node/testnet/network-file.ts'
import { networkTrust, productionAnchors } from '#node/trust.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { ConfigError } from '#protocol/errors.ts'
import { readPolicyFile } from '../policy-file.ts'

export interface TrustOptions {
  readonly network?: string
  readonly policy?: string
  readonly at?: string
}

export interface AttestTrust {
  readonly context: AppraisalContext
  readonly network: NetworkFile | undefined
}

/**
 * The time is `--at`, or this machine's own clock; never one out of the evidence.
 * @throws ConfigError NETWORK_FILE, POLICY_INVALID, TIME_INVALID, FILE_UNREADABLE, FILE_TOO_LARGE
 */
export function attestTrust(options: TrustOptions): AttestTrust {
  const nowMs = options.at === undefined ? systemClock.nowMs() : parseTime(options.at)
  const network = options.network === undefined ? undefined : readNetworkFile(options.network)
  const own = network === undefined ? undefined : networkTrust(network, crypto, nowMs)
  const policy =
    options.policy === undefined ? (own?.policy ?? defaultPolicy()) : readPolicyFile(options.policy)
  const production = productionAnchors(crypto)
  const ids = new Set(production.map(({ id }) => id))
  const anchors = [...production, ...(own?.anchors ?? []).filter(({ id }) => !ids.has(id))]
  const globalId = network?.globalId ?? MAINNET_GLOBAL_ID
  return { context: { crypto, globalId, nowMs, anchors, policy }, network }
}

/** ISO 8601 in UTC, or Unix seconds. */
function parseTime(text: string): number {
  const isSeconds = /^[0-9]{1,11}$/.test(text)
  const isIso = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z)?$/.test(text)
  const ms = isSeconds ? Number(text) * 1000 : isIso ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(ms)) return ms
  throw new ConfigError('TIME_INVALID', `"${text}" is not a time`, {
    remedy: 'Write it as 2026-11-22T12:30:00Z, or as Unix seconds.',
  })
}
