/** Vouchers and CloseAuths of a fuzz run: mostly sound, sometimes wrong in one or more ways. */
import { type Address, beginCell, Cell } from '@ton/core'
import { signCell } from '#settlement/cells/signed.ts'
import { closeAuthCell, voucherCell } from '#settlement/cells/voucher.ts'
import { clientKey, crypto, providerKey, strangerKey } from '../channel-fixture.ts'
import type { Dice } from './dice.ts'
import { firstOf } from './fuzz.ts'

const AMOUNT_MAX = 2n ** 120n - 1n
const LEAF_COUNT_MAX = 2 ** 32 - 1
/** Tolk's exit code for a cell that does not end where its type does. */
const CELL_UNDERFLOW = 9

/** Where the channel stands when something is signed for it. */
export interface Standing {
  readonly channel: Address
  /** Another channel of the same parties. */
  readonly other: Address
  readonly deposited: bigint
  readonly claimed: bigint
  readonly leafCount: number
  readonly now: number
}

/** `amount` and `leafCount` around the present ones, at times the largest that a cell can hold. */
export function anyVoucher(dice: Dice, at: Standing, unit: bigint) {
  const wrong = anyWrong(dice)
  const amountNano = dice.oneIn(30)
    ? AMOUNT_MAX
    : atLeastZero(at.claimed + dice.pick([-1n, 0n, 1n, 5n, 20n]) * (unit / 10n))
  const leafCount = dice.oneIn(200)
    ? LEAF_COUNT_MAX
    : Math.min(LEAF_COUNT_MAX, Math.max(0, at.leafCount + dice.pick([-1, 0, 0, 1, 3])))
  const voucher = {
    channel: wrong.channel ? at.other : at.channel,
    amountNano,
    leafCount,
    receiptsRoot: rootOfCount(leafCount),
  }
  const cell = spoil(voucherCell(voucher), wrong)
  const signed = signCell(
    crypto,
    wrong.key ? dice.pick([strangerKey, providerKey]) : clientKey,
    cell,
  )
  return { signed, voucher, expected: refusalOf(wrong) }
}

export function anyCloseAuth(dice: Dice, at: Standing) {
  const wrong = anyWrong(dice)
  const left = at.deposited - at.claimed
  const amountNano = dice.weighted([
    [20, at.claimed + left / BigInt(1 + dice.below(3))],
    [1, at.claimed - 1n],
    [1, at.deposited + 1n],
    [1, AMOUNT_MAX],
  ])
  const validUntil = at.now + dice.pick([-1, 0, 900, 900, 900])
  const leafCount = Math.min(LEAF_COUNT_MAX, at.leafCount + dice.below(2))
  const auth = {
    channel: wrong.channel ? at.other : at.channel,
    amountNano: atLeastZero(amountNano),
    leafCount,
    receiptsRoot: rootOfCount(leafCount),
    validUntil,
  }
  const cell = spoil(closeAuthCell(auth), wrong)
  const signed = signCell(
    crypto,
    wrong.key ? dice.pick([clientKey, strangerKey]) : providerKey,
    cell,
  )
  const expected = firstOf([
    [refusalOf(wrong) !== 0, refusalOf(wrong)],
    [at.now > validUntil, 406],
    [auth.amountNano < at.claimed, 405],
    [auth.amountNano > at.deposited, 405],
  ])
  return { signed, auth, expected }
}

function rootOfCount(leafCount: number): Uint8Array {
  return new Uint8Array(32).fill(leafCount % 256)
}

interface Wrong {
  readonly key: boolean
  readonly tag: boolean
  readonly channel: boolean
  readonly tail: 'bit' | 'ref' | undefined
}

function anyWrong(dice: Dice): Wrong {
  return {
    key: dice.oneIn(20),
    tag: dice.oneIn(20),
    channel: dice.oneIn(20),
    tail: dice.oneIn(25) ? dice.pick(['bit', 'ref']) : undefined,
  }
}

/** In the order of the contract: signature, shape, tag, channel. */
function refusalOf(wrong: Wrong): number {
  return firstOf([
    [wrong.key, 401],
    [wrong.tail !== undefined, CELL_UNDERFLOW],
    [wrong.tag, 402],
    [wrong.channel, 403],
  ])
}

/** Another tag, a bit or a reference too much: signed all the same. */
function spoil(cell: Cell, wrong: Wrong): Cell {
  const slice = cell.beginParse()
  const tag = slice.loadUint(32)
  const builder = beginCell()
    .storeUint(wrong.tag ? tag ^ 1 : tag, 32)
    .storeSlice(slice)
  if (wrong.tail === 'bit') builder.storeBit(true)
  if (wrong.tail === 'ref') builder.storeRef(Cell.EMPTY)
  return builder.endCell()
}

function atLeastZero(amount: bigint): bigint {
  return amount < 0n ? 0n : amount
}
