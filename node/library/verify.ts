/** Checks a receipt file with the reader's own policy: against a chain, or a chain that was saved. */
import { readFile } from 'node:fs/promises'
import { openChain } from '#node/chain/open-chain.ts'
import { systemClock } from '#node/clock.ts'
import { type ReceiptVerdict, verifyReceiptFile } from '#node/receipts/verify.ts'
import { readChainSnapshot } from '#node/testnet/chain-snapshot.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'

/** Where the blocks and the channel that a receipt names are looked up. */
export type VerifyAgainst =
  | { readonly network: NetworkFile }
  /** Text of a chain snapshot, as a test network leaves it: nothing is asked over a network. */
  | { readonly snapshot: string }

/**
 * A verdict of steps; `ok` means that every mandatory one passed, `level` how far the proof goes.
 * @param receipt bytes of a `.cocoon-receipt` file, or its path
 * @throws ConfigError SNAPSHOT_INVALID
 * @throws UnavailableError CHAIN_UNREACHABLE
 */
export async function verifyReceipt(
  receipt: string | Uint8Array,
  against: VerifyAgainst,
): Promise<ReceiptVerdict> {
  const bytes = typeof receipt === 'string' ? await readFile(receipt) : receipt
  return verifyReceiptFile(bytes, contextOf(against))
}

function contextOf(against: VerifyAgainst) {
  if ('snapshot' in against) return readChainSnapshot(against.snapshot)
  const { network } = against
  const chain = openChain(network, systemClock).reader
  return { network, chain }
}
