/** The chain: does it answer, is it the right one, does it agree about the time, is there money. */
import { asCocoonError } from '#protocol/errors.ts'
import { CHAIN_AHEAD_MS_MAX, CHAIN_BEHIND_MS_MAX, PROVIDER_BALANCE_NANO_MIN } from '../constants.ts'
import { type Finding, fail, pass, warn } from '../finding.ts'
import type { NetworkView, Role, Surroundings } from '../surroundings.ts'
import { networkOr } from './network.ts'

type OnChain = (network: NetworkView) => Promise<Finding>

/** Runs with the configured network; a chain that does not answer is a finding of its own. */
async function onChain(surroundings: Surroundings, check: OnChain): Promise<Finding> {
  const got = networkOr(surroundings)
  if ('finding' in got) return got.finding
  try {
    return await check(got.network)
  } catch (thrown) {
    const { code, message, remedy } = asCocoonError(thrown)
    return fail(`${code}: ${message}`, remedy)
  }
}

export function chainEndpoint(surroundings: Surroundings): Promise<Finding> {
  return onChain(surroundings, async (network) => {
    const { seqno, blockAtMs } = await surroundings.chain(network)
    const behindMs = surroundings.nowMs() - blockAtMs
    const found = `${network.chainUrl}: global id ${network.globalId}, block ${seqno}`
    if (behindMs <= CHAIN_BEHIND_MS_MAX) return pass(found)
    return fail(
      `${found}, ${Math.round(behindMs / 1000)} s old`,
      'Name an endpoint that is in sync, or set the clock of this machine.',
    )
  })
}

export function clockSkew(surroundings: Surroundings): Promise<Finding> {
  return onChain(surroundings, async (network) => {
    const { blockAtMs } = await surroundings.chain(network)
    const aheadMs = blockAtMs - surroundings.nowMs()
    const found = `latest block ${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this clock`
    if (aheadMs > CHAIN_AHEAD_MS_MAX) {
      return fail(found, 'This clock is slow: turn on network time (timedatectl set-ntp true).')
    }
    if (-aheadMs <= CHAIN_BEHIND_MS_MAX) return pass(found)
    return warn(found, 'This clock is fast, or the chain stands still: compare with another clock.')
  })
}

export function walletBalance(role: Role, surroundings: Surroundings): Promise<Finding> {
  return onChain(surroundings, async (network) => {
    const keys = surroundings.keys(role)
    if (keys === undefined) return pass('made at the first start')
    if (!keys.isReadable) return fail('its keys cannot be read', 'See the line about the keys.')
    const address = keys.walletAddress(network.globalId)
    const balanceNano = await surroundings.balanceNano(network, address)
    const { coins } = surroundings
    const found = `${coins(balanceNano)} at ${address}`
    const enoughNano = role === 'provider' ? PROVIDER_BALANCE_NANO_MIN : surroundings.depositNano
    if (balanceNano >= enoughNano) return pass(found)
    const need = role === 'provider' ? 'claims cost fees' : 'a channel takes its deposit from it'
    return warn(found, `Send at least ${coins(enoughNano)} to this address: ${need}.`)
  })
}
