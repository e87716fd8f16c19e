/** One channel as this side's store has it: its receipts replayed into a tree, and what they add up to. */
import { leafOf, receiptFromBytes } from '#node/roles/shared/receipt-bytes.ts'
import type { PeerStore } from '#node/store/peer-store.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { appendLeaf, emptyTree, leafHash, type Tree, treeRoot } from '#protocol/merkle.ts'
import { decodeReceiptBody } from '#protocol/receipt.ts'
import { type ChannelState, currentRoot, usedTotalNano } from '#settlement/channel/state.ts'
import type { Discrepancy, RequestLine } from './report.ts'

export interface LedgerFacts {
  readonly requests: readonly RequestLine[]
  /** Over all receipts and running requests. */
  readonly usedNano: bigint
  /** Root after so many receipts. */
  readonly rootAfter: (count: number) => Uint8Array | undefined
  readonly discrepancies: readonly Discrepancy[]
}

export function ledgerFacts(
  crypto: CryptoPort,
  store: PeerStore,
  state: ChannelState,
): LedgerFacts {
  const address = state.address.toRawString()
  const roots: Uint8Array[] = [new Uint8Array(32)]
  const finals: RequestLine[] = []
  let tree: Tree = emptyTree()
  for (const row of store.leaves(address)) {
    const receipt = receiptFromBytes(row.receipt)
    tree = appendLeaf(crypto, tree, leafHash(crypto, leafOf(receipt).leafData))
    roots.push(treeRoot(crypto, tree))
    finals.push(lineOf(receipt.body, true))
  }
  const running = state.requests.flatMap((request) => {
    const row = store.checkpoints(address, request.requestId).at(-1)
    return row === undefined ? [] : [lineOf(receiptFromBytes(row.receipt).body, false)]
  })
  const requests = [...finals, ...running]
  const usedNano = requests.reduce((sum, one) => sum + one.usedNano, 0n)
  return {
    requests,
    usedNano,
    rootAfter: (count) => roots[count],
    discrepancies: replayed(state, roots, usedNano),
  }
}

function lineOf(body: Uint8Array, isFinal: boolean): RequestLine {
  const { requestId, leafIndex, promptTokens, completionTokens, finish, usedNano } =
    decodeReceiptBody(body)
  const id = toHex(requestId)
  return { requestId: id, leafIndex, promptTokens, completionTokens, finish, usedNano, isFinal }
}

function replayed(state: ChannelState, roots: readonly Uint8Array[], usedNano: bigint) {
  const wrong: Discrepancy[] = []
  const { tree, best } = state
  if (roots.length - 1 !== tree.count || !equal(roots.at(-1)!, currentRoot(state))) {
    wrong.push({ reason: 'the stored receipts do not give the tree of the channel', nano: 0n })
  }
  const root = roots[best.leafCount]
  if (root === undefined || !equal(root, best.receiptsRoot)) {
    wrong.push({
      reason: 'the best voucher carries a root that the receipts do not give',
      nano: 0n,
    })
  }
  const recorded = usedTotalNano(state)
  if (recorded !== usedNano) {
    const reason = `receipts add up to ${usedNano}, the channel records ${recorded} as used`
    wrong.push({ reason, nano: usedNano - recorded })
  }
  if (usedNano > best.amountNano) {
    const reason = 'receipts state more than vouchers paid'
    wrong.push({ reason, nano: usedNano - best.amountNano })
  }
  return wrong
}
