/** What must hold after a crash, whatever the disk lost. Each broken one is a sentence. */
import { Cell } from '@ton/core'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { openCloseAuth } from '#settlement/cells/voucher.ts'
import { currentRoot, usedTotalNano } from '#settlement/channel/state.ts'
import { codeOf } from '../settlement/channel-fixture.ts'
import { CHUNK_NANO } from '../support/settling/billing.ts'
import { answer } from '../support/settling/conversation.ts'
import type { CrashingPair } from './crashing-pair.ts'

/** Opens both stores after the crash, lets the two go on, and says what is broken. */
export function broken(pair: CrashingPair): string[] {
  try {
    pair.open()
    return [...kept(pair), ...exposed(pair), ...goneOn(pair)]
  } catch (error) {
    return [`it cannot go on: ${error instanceof Error ? error.stack : error}`]
  } finally {
    pair.close()
  }
}

/** What was said before the crash is on the disk. */
function kept({ client, provider, promises }: CrashingPair): string[] {
  const newest = promises.vouchers.at(-1)
  const wrong: string[] = []
  if (newest !== undefined) {
    const held = client?.state.best.signed
    const known = held !== undefined && Buffer.from(held.boc).equals(newest.boc)
    // One that was signed and not yet sent may be newer.
    const isNewer = client !== undefined && isHigher(client.state.best.signed?.boc, newest.boc)
    if (!known && !isNewer) wrong.push('the client lost a voucher that it had sent')
  }
  if ((provider?.state.best.amountNano ?? 0n) < promises.servedOnNano) {
    wrong.push('the provider lost a voucher on which it had served')
  }
  if (promises.closeAuth !== undefined && provider?.state.status !== 'closing') {
    wrong.push('the provider forgot that it had authorised a close')
  }
  return wrong
}

function isHigher(held: Uint8Array | undefined, sent: Uint8Array): boolean {
  if (held === undefined) return false
  const [ours, theirs] = [amounts(held), amounts(sent)]
  const notLower = ours.amountNano >= theirs.amountNano && ours.leafCount >= theirs.leafCount
  return notLower && !Buffer.from(held).equals(sent)
}

/** No side has more at risk than one chunk. */
function exposed({ client, provider }: CrashingPair): string[] {
  const wrong: string[] = []
  const signed = client?.state.best.amountNano ?? 0n
  const held = provider?.state.best.amountNano ?? 0n
  if (signed - held > CHUNK_NANO) wrong.push('the client has signed more than a chunk ahead')
  if (held > signed) wrong.push('the provider holds what the client does not know to have signed')
  if (provider !== undefined && usedTotalNano(provider.state) > held) {
    wrong.push('the provider served more than was paid')
  }
  return wrong
}

/** They meet, answer one more request and close; money is conserved to the end. */
function goneOn(pair: CrashingPair): string[] {
  if (pair.promises.closeAuth !== undefined) return refusesVouchers(pair)
  const closing =
    pair.client?.state.status === 'closing' || pair.provider?.state.status === 'closing'
  if (closing) return refusesVouchers(pair)
  const served = pair.provider === undefined ? 0n : usedTotalNano(pair.provider.state)
  pair.begin()
  const { client, provider } = pair.pair
  const wrong: string[] = []
  if (served - usedTotalNano(provider.state) > CHUNK_NANO) {
    wrong.push('more than a chunk was served that the client does not acknowledge')
  }
  const same =
    Buffer.from(currentRoot(client.state)).equals(currentRoot(provider.state)) &&
    client.state.settledNano === provider.state.settledNano &&
    client.state.best.amountNano === provider.state.best.amountNano
  if (!same) wrong.push('the sides differ after they met')
  answer(pair.pair, '0a'.repeat(16), 20)
  const closeAuth = pair.end()
  client.checkCloseAuth(closeAuth)
  const { providerKey } = client.state.terms
  const auth = openCloseAuth(nodeCrypto, closeAuth, providerKey, client.state.address)
  if (auth.amountNano !== client.state.settledNano)
    wrong.push('the close does not pay what was used')
  return [...wrong, ...signedTwice(pair)]
}

/** After the authorisation nothing more is taken, also not what an old client still signs. */
function refusesVouchers({ provider, client }: CrashingPair): string[] {
  const best = client?.state.best.signed
  if (provider === undefined || best === undefined || provider.state.status !== 'closing') return []
  const code = codeOf(() => provider.acceptVoucher(best))
  return code === 'CHANNEL_NOT_OPEN' ? [] : [`a closing provider answered a voucher with ${code}`]
}

/** Vouchers only rise, and two of the same totals are the same bytes. */
function signedTwice({ promises }: CrashingPair): string[] {
  const seen = promises.vouchers.map(({ boc }) => ({ ...amounts(boc), boc: Buffer.from(boc) }))
  const wrong: string[] = []
  for (const [at, one] of seen.entries()) {
    const before = seen[at - 1]
    if (before === undefined) continue
    const fell = one.amountNano < before.amountNano || one.leafCount < before.leafCount
    const same = one.amountNano === before.amountNano && one.leafCount === before.leafCount
    if (fell) wrong.push('a voucher was signed below one that had been sent')
    if (same && !one.boc.equals(before.boc)) wrong.push('an amount was signed twice, differently')
  }
  return wrong
}

function amounts(boc: Uint8Array): { amountNano: bigint; leafCount: number } {
  const slice = Cell.fromBoc(Buffer.from(boc))[0]!.beginParse()
  slice.loadUint(32)
  slice.loadAddress()
  return { amountNano: slice.loadCoins(), leafCount: slice.loadUint(32) }
}
