/** The committed code of the contracts: the only code whose state is believed. */
import { Cell } from '@ton/core'
import bond from './bond.code.json' with { type: 'json' }
import epochAnchor from './epoch-anchor.code.json' with { type: 'json' }
import jettonChannel from './jetton-channel.code.json' with { type: 'json' }
import registry from './registry.code.json' with { type: 'json' }
import uniChannel from './uni-channel.code.json' with { type: 'json' }

export const CHANNEL_CODE: Cell = Cell.fromBase64(uniChannel.codeBoc64)
export const JETTON_CHANNEL_CODE: Cell = Cell.fromBase64(jettonChannel.codeBoc64)
export const REGISTRY_CODE: Cell = Cell.fromBase64(registry.codeBoc64)
export const BOND_CODE: Cell = Cell.fromBase64(bond.codeBoc64)
export const EPOCH_ANCHOR_CODE: Cell = Cell.fromBase64(epochAnchor.codeBoc64)
