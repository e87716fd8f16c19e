/** Reads a registry off the chain, and refuses one that is older than what this peer saw before. */
import type { Address } from '@ton/core'
import { z } from 'zod'
import type { MetaStore } from '#node/store/peer-store.ts'
import { AttestationError, UnavailableError } from '#protocol/errors.ts'
import { type RegistryOnChain, readRegistry } from '#settlement/registry/registry.ts'
import type { ChainReader } from '#settlement/types.ts'

/**
 * @throws UnavailableError CHAIN_UNREACHABLE, REGISTRY_UNREADABLE: no registry of this network is there
 */
export async function registryOnChain(
  chain: ChainReader,
  address: Address,
): Promise<RegistryOnChain> {
  const account = await chain.account(address)
  const found = account && readRegistry(address, account)
  if (found !== undefined && found.terms.globalId === chain.globalId) return found
  throw new UnavailableError('REGISTRY_UNREADABLE', `no registry is at ${address.toRawString()}`, {
    remedy: 'Check the address and the chain endpoint, or take it out of `registries`.',
  })
}

const seenSchema = z.strictObject({
  sequence: z.number().int().min(0),
  version: z.number().int().min(0),
  epoch: z.number().int().min(0),
})

/**
 * Numbers of a registry only rise: a smaller one is an endpoint that shows the past, where a revocation
 * may not have happened yet. What was seen is kept before it counts.
 * @throws AttestationError REGISTRY_ROLLED_BACK
 */
export function keepHighest(store: MetaStore, address: Address, found: RegistryOnChain): void {
  const key = `registry:${address.toRawString()}`
  const kept = store.meta(key)
  const now = {
    sequence: found.sequence,
    version: found.version,
    epoch: found.policy?.epoch ?? 0,
  }
  if (kept === undefined) {
    store.setMeta(key, JSON.stringify(now))
    return
  }
  const seen = seenSchema.parse(JSON.parse(kept))
  const names = ['sequence', 'version', 'epoch'] as const
  const older = names.find((name) => now[name] < seen[name])
  if (older !== undefined) throw rolledBack(older, now[older], seen[older])
  if (names.some((name) => now[name] > seen[name])) store.setMeta(key, JSON.stringify(now))
}

function rolledBack(name: string, found: number, seen: number): AttestationError {
  return new AttestationError('REGISTRY_ROLLED_BACK', `the registry's ${name} fell to ${found}`, {
    remedy: 'Use another chain endpoint: this one shows an older state than it showed before.',
    data: { name, found, seen },
  })
}
