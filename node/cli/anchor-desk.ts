/** The owner's work at a provider's epoch anchor. */
import { writeFileSync } from 'node:fs'
import { anchorProofText } from '#node/receipts/anchor-proof.ts'
import { type Epoch, keepEpochs, nextEpoch, readEpochs, treeOf } from '#node/receipts/epochs.ts'
import type { PeerStore } from '#node/store/peer-store.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { ConfigError } from '#protocol/errors.ts'
import { decodeReceiptBody, decodeReceiptFile } from '#protocol/receipt.ts'
import {
  type AnchorOnChain,
  type AnchorTerms,
  anchorAddress,
  anchorMessage,
  readAnchor,
} from '#settlement/anchor/epoch-anchor.ts'
import { readBounded } from './bounded-file.ts'
import { RECEIPT_FILE_BYTES_MAX } from './constants.ts'
import type { CliContext } from './context.ts'
import type { PeerCommandOptions } from './options.ts'
import { type Owner, withOwner } from './owner.ts'
import { type SpendOptions, spend } from './spend.ts'

/** The only anchor of a wallet that this program makes. */
const SALT = 0n

export interface AnchorDesk {
  /** Raw. */
  readonly address: string
  readonly onChain: AnchorOnChain | undefined
  /** What is not anchored yet; undefined: nothing. */
  readonly next: Epoch | undefined
  /** @throws ConfigError NOTHING_TO_ANCHOR */
  publish(options: SpendOptions): Promise<void>
  /** @throws ConfigError NOT_ANCHORED, and whatever reading a receipt file throws */
  prove(file: string, out: string | undefined): void
}

/** @throws UnavailableError STORE_LOCKED while the provider runs, CHAIN_UNREACHABLE */
export async function withAnchorDesk(
  options: PeerCommandOptions,
  context: CliContext,
  work: (desk: AnchorDesk) => Promise<void>,
): Promise<void> {
  await withOwner('provider', options, context, async (owner) => {
    const store = openPeerStore(owner.home.networkDir)
    try {
      await work(await openDesk(owner, store, context))
    } finally {
      store.close()
    }
  })
}

async function openDesk(owner: Owner, store: PeerStore, context: CliContext): Promise<AnchorDesk> {
  const { chain, home } = owner
  const terms: AnchorTerms = { globalId: chain.globalId, owner: owner.address, salt: SALT }
  const address = anchorAddress(terms)
  const account = await chain.account(address)
  const onChain = account && readAnchor(address, account)
  const epochs = readEpochs(home.networkDir)
  const next = nextEpoch(store, epochs, onChain?.epoch ?? 0)
  return {
    address: address.toRawString(),
    onChain,
    next,
    async publish(options) {
      const all = next === undefined ? epochs : [...epochs, next]
      if ((all.at(-1)?.epoch ?? 0) <= (onChain?.epoch ?? 0)) throw nothing()
      const { root } = treeOf(crypto, store, all)
      const message = anchorMessage(terms, root, onChain === undefined)
      const what = `anchors ${root.leafCount} receipts as epoch ${root.epoch}`
      await spend({ what, message, movesNano: 0n }, options, owner.openWallet, context, () =>
        keepEpochs(home.networkDir, all),
      )
    },
    prove(file, out) {
      const { receipt } = decodeReceiptFile(readBounded(file, RECEIPT_FILE_BYTES_MAX))
      const { channel, leafIndex } = decodeReceiptBody(receipt.body)
      const anchored = epochs.filter(({ epoch }) => epoch <= (onChain?.epoch ?? 0))
      const tree = treeOf(crypto, store, anchored)
      const index = tree.indexOf(channel, leafIndex)
      if (index === undefined) throw notAnchored()
      const { epoch } = tree.root
      const text = anchorProofText({ anchor: address, epoch, proof: tree.prove(index) })
      if (out === undefined) context.output.piece(text)
      else writeFileSync(out, text)
    },
  }
}

function nothing(): ConfigError {
  return new ConfigError('NOTHING_TO_ANCHOR', 'every receipt is anchored already', {
    remedy: 'Publish again when there are new ones: see `cocoon anchor show`.',
  })
}

function notAnchored(): ConfigError {
  return new ConfigError('NOT_ANCHORED', 'this receipt is in no epoch that the chain holds', {
    remedy: 'Anchor it with `cocoon anchor publish`; only the provider that signed it can.',
  })
}
