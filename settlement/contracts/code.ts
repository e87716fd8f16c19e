/** The committed code of the channel contract: the only code whose state is believed. */
import { Cell } from '@ton/core'
import compiled from './uni-channel.code.json' with { type: 'json' }

export const CHANNEL_CODE: Cell = Cell.fromBase64(compiled.codeBoc64)

/** Representation hash of the code cell, hexadecimal. */
export const CHANNEL_CODE_HASH: string = CHANNEL_CODE.hash().toString('hex')
