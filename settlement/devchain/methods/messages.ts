/** Messages on their way in. */
import { type Address, type Cell, external, type Message, type Transaction } from '@ton/core'
import { z } from 'zod'
import type { View } from '../view.ts'
import { address, boc, type Methods, method, optionalBoc } from './method.ts'

const sendBoc = method(z.object({ boc }), async ({ ledger }, params) => ({
  '@type': 'ok',
  hash: (await ledger.submit(params.boc)).toString('base64'),
}))

const query = z.object({
  address,
  body: boc,
  init_code: optionalBoc,
  init_data: optionalBoc,
  ignore_chksig: z.union([z.boolean(), z.stringbool()]).default(true),
})

export const MESSAGE_METHODS: Methods = {
  sendBoc,
  sendBocReturnHash: sendBoc,
  estimateFee: method(query, estimateFee),
}

/** What executing the message on a copy of the account costs; nothing of it is a constant. */
async function estimateFee({ ledger }: View, params: z.output<typeof query>) {
  const message = messageOf(params.address, params.body, params.init_code, params.init_data)
  const transaction = await ledger.attempt(message, params.ignore_chksig)
  return { '@type': 'query.fees', source_fees: feesOf(transaction), destination_fees: [] }
}

function messageOf(
  to: Address,
  body: Cell,
  code: Cell | undefined,
  data: Cell | undefined,
): Message {
  if (code === undefined && data === undefined) return external({ to, body })
  return external({ to, body, init: { code: code ?? null, data: data ?? null } })
}

function feesOf({ description, totalFees, outMessages }: Transaction) {
  const generic = description.type === 'generic' ? description : undefined
  const compute = generic?.computePhase
  const gas = compute?.type === 'vm' ? compute.gasFees : 0n
  const storage = generic?.storagePhase?.storageFeesCollected ?? 0n
  const action = generic?.actionPhase
  const actionFees = action?.totalActionFees ?? 0n
  const forwarded = action?.totalFwdFees ?? 0n
  return {
    '@type': 'fees',
    // The rest of the transaction's fees is what the external message's own import cost.
    in_fwd_fee: Number(totalFees.coins - gas - storage - actionFees),
    storage_fee: Number(storage),
    gas_fee: Number(gas),
    fwd_fee: outMessages.size === 0 ? 0 : Number(forwarded),
  }
}
