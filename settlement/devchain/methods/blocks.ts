/** Blocks and what is in them. */
import { type Cell, Dictionary } from '@ton/core'
import { z } from 'zod'
import { ConfigError } from '#protocol/errors.ts'
import { encodeBlockHeader, encodeBlockId, encodeShortTransaction } from '../toncenter.ts'
import { type Methods, method, seqno, workchain } from './method.ts'

const blockPlace = z.object({ workchain, seqno })

export const BLOCK_METHODS: Methods = {
  getMasterchainInfo: method(z.object({}), (view) => {
    const last = encodeBlockId(view.head, -1)
    const init = encodeBlockId(view.ledger.blocks.all()[0]!, -1)
    const state_root_hash = last['root_hash']
    return { '@type': 'blocks.masterchainInfo', last, init, state_root_hash }
  }),
  getConsensusBlock: method(z.object({}), (view) => ({
    consensus_block: view.head.seqno,
    timestamp: view.head.time,
  })),
  lookupBlock: method(
    z.object({ workchain, seqno: seqno.optional(), unixtime: z.coerce.number().optional() }),
    (view, params) => {
      if (params.seqno !== undefined) {
        return encodeBlockId(view.block(params.seqno), params.workchain)
      }
      const { unixtime = 0 } = params
      const blocks = view.ledger.blocks.all()
      const at = blocks.findLast(({ time, seqno }) => time <= unixtime && seqno <= view.head.seqno)
      return encodeBlockId(view.block(at?.seqno ?? -1), params.workchain)
    },
  ),
  getBlockHeader: method(blockPlace, (view, params) =>
    encodeBlockHeader(view.block(params.seqno), params.workchain, view.ledger.globalId),
  ),
  shards: method(z.object({ seqno }), (view, params) => ({
    '@type': 'blocks.shards',
    shards: [encodeBlockId(view.block(params.seqno), 0)],
  })),
  getBlockTransactions: method(blockPlace, (view, params) => ({
    '@type': 'blocks.transactions',
    id: encodeBlockId(view.block(params.seqno), params.workchain),
    req_count: 1024,
    incomplete: false,
    transactions:
      params.workchain === 0
        ? view.ledger.transactions.inBlock(params.seqno).map(encodeShortTransaction)
        : [],
  })),
  getConfigParam: method(
    z.object({ config_id: z.coerce.number().int(), seqno: seqno.optional() }),
    (view, params) => {
      const found = configOf(view.ledger.config).get(params.config_id)
      if (found === undefined) throw new ConfigError('CONFIG_PARAM_UNKNOWN', 'no such parameter')
      return configInfo(found)
    },
  ),
  getConfigAll: method(z.object({ seqno: seqno.optional() }), (view) =>
    configInfo(view.ledger.config),
  ),
  getLibraries: method(z.object({ libraries: z.unknown().optional() }), () => ({
    '@type': 'smc.libraryResult',
    result: [],
  })),
}

function configOf(config: Cell) {
  return Dictionary.loadDirect(Dictionary.Keys.Int(32), Dictionary.Values.Cell(), config)
}

function configInfo(cell: Cell) {
  return {
    '@type': 'configInfo',
    config: { '@type': 'tvm.cell', bytes: cell.toBoc().toString('base64') },
  }
}
