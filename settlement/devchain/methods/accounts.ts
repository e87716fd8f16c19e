/** Accounts: balances, states, getters and transactions. */
import type { Address } from '@ton/core'
import { GetMethodError } from '@ton/sandbox'
import {
  WalletContractV3R1,
  WalletContractV3R2,
  WalletContractV4,
  WalletContractV5R1,
} from '@ton/ton'
import { z } from 'zod'
import { ConfigError } from '#protocol/errors.ts'
import { TRANSACTIONS_PAGE_MAX } from '../../constants.ts'
import {
  decodeStackItem,
  encodeAccount,
  encodeStackItem,
  encodeTransaction,
  type Json,
  stateName,
  transactionId,
} from '../toncenter.ts'
import type { View } from '../view.ts'
import { address, logicalTime, type Methods, method, seqno } from './method.ts'

/** `seqno`: right after that masterchain block; absent: at the newest. */
const account = z.object({ address, seqno: seqno.optional() })
const stackItem = z.tuple([
  z.enum(['num', 'tvm.Cell', 'tvm.Slice', 'tvm.Builder']),
  z.string().max(64 * 1024),
])

const causedTransaction = method(
  z.object({ destination: address, created_lt: logicalTime }),
  (view, params) => {
    const found = view.ledger.transactions.causedBy(params.destination, params.created_lt)
    if (found !== undefined && found.seqno <= view.head.seqno) return encodeTransaction(found)
    throw new ConfigError('TRANSACTION_UNKNOWN', 'no such transaction')
  },
)

const callSchema = z.object({
  address,
  method: z.union([z.string().min(1).max(64), z.number().int()]),
  stack: z.array(stackItem).max(16).default([]),
  seqno: seqno.optional(),
})

export const ACCOUNT_METHODS: Methods = {
  getAddressInformation: method(account, (view, params) =>
    encodeAccount(
      view.account(params.address, params.seqno),
      view.block(params.seqno ?? view.head.seqno),
    ),
  ),
  getExtendedAddressInformation: method(account, (view, params) => {
    const found = view.account(params.address, params.seqno)
    return {
      '@type': 'fullAccountState',
      address: { '@type': 'accountAddress', account_address: params.address.toString() },
      balance: balanceOf(found),
      extra_currencies: [],
      last_transaction_id: transactionId(found),
      block_id: encodeAccount(found, view.block(params.seqno ?? view.head.seqno))['block_id'],
      sync_utime: view.head.time,
      account_state: { '@type': `${stateName(found)}.accountState` },
      revision: 0,
    }
  }),
  getAddressBalance: method(account, (view, params) =>
    balanceOf(view.account(params.address, params.seqno)),
  ),
  getAddressState: method(account, (view, params) =>
    stateName(view.account(params.address, params.seqno)),
  ),
  getWalletInformation: method(account, walletInformation),
  getTransactions: method(
    z.object({
      address,
      limit: z.coerce
        .number()
        .int()
        .min(1)
        .max(TRANSACTIONS_PAGE_MAX + 1)
        .default(10),
      lt: logicalTime.optional(),
      to_lt: logicalTime.optional(),
    }),
    (view, { address: of, limit, lt, to_lt }) =>
      view.ledger.transactions.of(of, limit, lt, to_lt, view.head.seqno).map(encodeTransaction),
  ),
  runGetMethod: method(callSchema, runGetMethod),
  tryLocateTx: causedTransaction,
  tryLocateResultTx: causedTransaction,
  detectAddress: method(z.object({ address }), (_view, params) => detected(params.address)),
  packAddress: method(z.object({ address }), (_view, params) => params.address.toString()),
  unpackAddress: method(z.object({ address }), (_view, params) => params.address.toRawString()),
}

function balanceOf(found: ReturnType<View['account']>): string {
  return String(found?.account?.storage.balance.coins ?? 0n)
}

function detected(found: Address): Json {
  const form = (bounceable: boolean, testOnly = false) => ({
    b64: found.toString({ bounceable, testOnly, urlSafe: false }),
    b64url: found.toString({ bounceable, testOnly }),
  })
  return {
    raw_form: found.toRawString(),
    bounceable: form(true),
    non_bounceable: form(false),
    given_type: 'friendly_bounceable',
    test_only: false,
  }
}

/** TVM's code for an account that has no code. */
const EXIT_NO_CODE = -13

async function runGetMethod(view: View, call: z.output<typeof callSchema>): Promise<Json> {
  const answer = (exit_code: number, gas_used: number, stack: unknown[]) => ({
    '@type': 'smc.runResult',
    gas_used,
    exit_code,
    stack,
  })
  const found = view.account(call.address, call.seqno)
  if (found?.account?.storage.state.type !== 'active') return answer(EXIT_NO_CODE, 0, [])
  try {
    const stack = call.stack.map(decodeStackItem)
    const result = await view.ledger.runGetMethod(found, call.method, stack)
    const exitCode = result.exitCode === 1 ? 0 : result.exitCode
    return answer(exitCode, Number(result.gasUsed), result.stack.map(encodeStackItem))
  } catch (thrown) {
    if (thrown instanceof GetMethodError) return answer(thrown.exitCode, Number(thrown.gasUsed), [])
    throw thrown
  }
}

const anyKey = { workchain: 0, publicKey: Buffer.alloc(32) }

/** toncenter's names of the wallets that it knows, by the hash of their code. */
const WALLETS = new Map(
  [
    ['wallet v3 r1', WalletContractV3R1.create(anyKey)] as const,
    ['wallet v3 r2', WalletContractV3R2.create(anyKey)] as const,
    ['wallet v4 r2', WalletContractV4.create(anyKey)] as const,
    ['wallet v5 r1', WalletContractV5R1.create({ publicKey: anyKey.publicKey })] as const,
  ].map(([name, { init }]) => [init.code.hash().toString('hex'), name]),
)

async function walletInformation(view: View, params: z.output<typeof account>): Promise<Json> {
  const found = view.account(params.address, params.seqno)
  const state = found?.account?.storage.state
  const code = state?.type === 'active' ? state.state.code : undefined
  const walletType = code ? WALLETS.get(code.hash().toString('hex')) : undefined
  const common = {
    wallet: walletType !== undefined,
    balance: balanceOf(found),
    account_state: stateName(found),
    last_transaction_id: transactionId(found),
  }
  if (found === undefined || walletType === undefined) return common
  const result = await view.ledger.runGetMethod(found, 'seqno', [])
  return { ...common, wallet_type: walletType, seqno: result.stackReader.readNumber() }
}
