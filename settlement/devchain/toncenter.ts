/** How toncenter v2 writes blocks, accounts, transactions and stack values in JSON. */
import {
  beginCell,
  Cell,
  type CommonMessageInfo,
  loadTransaction,
  type Message,
  type ShardAccount,
  storeStateInit,
  type TupleItem,
} from '@ton/core'
import type { ChainBlock } from '../types.ts'
import type { TransactionRecord } from './transactions.ts'

export type Json = Record<string, unknown>

const base64 = (cell: Cell) => cell.toBoc().toString('base64')
const WHOLE_SHARD = '-9223372036854775808'

export function encodeBlockId(block: ChainBlock, workchain: number): Json {
  const rootHash = Buffer.from(block.rootHash)
  // No block files exist here: a hash that follows from the root hash stands in for theirs.
  const fileHash = beginCell().storeBuffer(rootHash).storeInt(workchain, 32).endCell().hash()
  return {
    '@type': 'ton.blockIdExt',
    workchain,
    shard: WHOLE_SHARD,
    seqno: block.seqno,
    root_hash: rootHash.toString('base64'),
    file_hash: fileHash.toString('base64'),
  }
}

export function encodeBlockHeader(block: ChainBlock, workchain: number, globalId: number): Json {
  return {
    '@type': 'blocks.header',
    id: encodeBlockId(block, workchain),
    global_id: globalId,
    version: 0,
    after_merge: false,
    after_split: false,
    before_split: false,
    want_merge: false,
    want_split: false,
    is_key_block: false,
    gen_utime: block.time,
    min_ref_mc_seqno: block.seqno,
    prev_key_block_seqno: 0,
    prev_blocks: [],
  }
}

/** The block is the masterchain's, at which the state was read. */
export function encodeAccount(found: ShardAccount | undefined, block: ChainBlock): Json {
  const state = found?.account?.storage.state
  const active = state?.type === 'active' ? state.state : undefined
  return {
    '@type': 'raw.fullAccountState',
    balance: String(found?.account?.storage.balance.coins ?? 0n),
    extra_currencies: [],
    code: active?.code ? base64(active.code) : '',
    data: active?.data ? base64(active.data) : '',
    last_transaction_id: transactionId(found),
    block_id: encodeBlockId(block, -1),
    frozen_hash: '',
    sync_utime: block.time,
    state: stateName(found),
  }
}

export function stateName(found: ShardAccount | undefined): string {
  const type = found?.account?.storage.state.type
  return type === undefined || type === 'uninit' ? 'uninitialized' : type
}

export function transactionId(found: ShardAccount | undefined): Json {
  const hash = (found?.lastTransactionHash ?? 0n).toString(16).padStart(64, '0')
  return {
    '@type': 'internal.transactionId',
    lt: String(found?.lastTransactionLt ?? 0n),
    hash: Buffer.from(hash, 'hex').toString('base64'),
  }
}

export function encodeShortTransaction(record: TransactionRecord): Json {
  return {
    '@type': 'blocks.shortTxId',
    mode: 135,
    account: record.account,
    lt: String(record.lt),
    hash: record.hash,
  }
}

export function encodeTransaction(record: TransactionRecord): Json {
  const transaction = loadTransaction(Cell.fromBase64(record.boc).beginParse())
  const fee = String(transaction.totalFees.coins)
  return {
    '@type': 'raw.transaction',
    address: { '@type': 'accountAddress', account_address: record.account },
    utime: transaction.now,
    data: record.boc,
    transaction_id: {
      '@type': 'internal.transactionId',
      lt: String(record.lt),
      hash: record.hash,
    },
    fee,
    storage_fee: '0',
    other_fee: fee,
    ...(transaction.inMessage ? { in_msg: encodeMessage(transaction.inMessage) } : {}),
    out_msgs: [...transaction.outMessages.values()].map(encodeMessage),
  }
}

function encodeMessage(message: Message): Json {
  const init = message.init ? base64(beginCell().store(storeStateInit(message.init)).endCell()) : ''
  return {
    '@type': 'raw.message',
    ...encodeEnvelope(message.info),
    ihr_fee: '0',
    body_hash: message.body.hash().toString('base64'),
    msg_data: { '@type': 'msg.dataRaw', body: base64(message.body), init_state: init },
    message: '',
  }
}

function encodeEnvelope(info: CommonMessageInfo): Json {
  const text = (address: { toString(): string } | null | undefined) => address?.toString() ?? ''
  return {
    source: text(info.src),
    destination: text(info.dest),
    value: info.type === 'internal' ? String(info.value.coins) : '0',
    fwd_fee: info.type === 'internal' ? String(info.forwardFee) : '0',
    created_lt: info.type === 'external-in' ? '0' : String(info.createdLt),
  }
}

/** The types of stack values that `TonClient` sends. May throw anything. */
export function decodeStackItem([type, value]: readonly [string, string]): TupleItem {
  if (type === 'num') return { type: 'int', value: BigInt(value) }
  const cell = Cell.fromBase64(value)
  if (type === 'tvm.Cell') return { type: 'cell', cell }
  if (type === 'tvm.Slice') return { type: 'slice', cell }
  return { type: 'builder', cell }
}

export function encodeStackItem(item: TupleItem): unknown {
  switch (item.type) {
    case 'int': {
      const sign = item.value < 0n ? '-' : ''
      const magnitude = item.value < 0n ? -item.value : item.value
      return ['num', `${sign}0x${magnitude.toString(16)}`]
    }
    case 'cell':
    case 'slice':
    case 'builder':
      return [item.type, { bytes: base64(item.cell) }]
    case 'tuple':
      return ['tuple', { '@type': 'tvm.tuple', elements: item.items.map(encodeElement) }]
    default:
      return ['list', { '@type': 'tvm.list', elements: [] }]
  }
}

function encodeElement(item: TupleItem): Json {
  switch (item.type) {
    case 'int': {
      const number = { '@type': 'tvm.numberDecimal', number: String(item.value) }
      return { '@type': 'tvm.stackEntryNumber', number }
    }
    case 'cell':
    case 'builder': {
      const cell = { '@type': 'tvm.cell', bytes: base64(item.cell) }
      return { '@type': 'tvm.stackEntryCell', cell }
    }
    case 'slice': {
      const slice = { '@type': 'tvm.slice', bytes: base64(item.cell) }
      return { '@type': 'tvm.stackEntrySlice', slice }
    }
    case 'tuple': {
      const tuple = { '@type': 'tvm.tuple', elements: item.items.map(encodeElement) }
      return { '@type': 'tvm.stackEntryTuple', tuple }
    }
    default:
      return { '@type': 'tvm.stackEntryList', list: { '@type': 'tvm.list', elements: [] } }
  }
}
