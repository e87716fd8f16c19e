/** The chain as one request sees it: at its newest block, or at an older one when a fault says so. */
import type { Address, ShardAccount } from '@ton/core'
import { ConfigError } from '#protocol/errors.ts'
import type { ChainBlock } from '../types.ts'
import type { Ledger } from './ledger.ts'

export class View {
  readonly ledger: Ledger
  readonly head: ChainBlock

  /** @param lagBlocks 0: up to date */
  constructor(ledger: Ledger, lagBlocks: number) {
    this.ledger = ledger
    const { latest } = ledger.blocks
    this.head = ledger.blocks.find(Math.max(1, latest.seqno - lagBlocks)) ?? latest
  }

  /** @throws ConfigError BLOCK_UNKNOWN */
  block(seqno: number): ChainBlock {
    const block = seqno > this.head.seqno ? undefined : this.ledger.blocks.find(seqno)
    if (block !== undefined) return block
    throw unknownBlock()
  }

  /** The account right after the block. @throws ConfigError BLOCK_UNKNOWN */
  account(address: Address, seqno = this.head.seqno): ShardAccount | undefined {
    this.block(seqno)
    try {
      return this.ledger.account(address, seqno)
    } catch (cause) {
      throw cause instanceof RangeError ? unknownBlock() : cause
    }
  }
}

function unknownBlock(): ConfigError {
  return new ConfigError('BLOCK_UNKNOWN', 'this chain has no such block, or no longer')
}
