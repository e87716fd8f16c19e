/** Channel states as plain JSON-safe data: amounts as decimal strings, bytes as hexadecimal. */
import { z } from 'zod'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { ConfigError } from '#protocol/errors.ts'
import { channelAddress, encodeTerms, parseTerms } from '../cells/terms.ts'
import {
  CELL_BOC_BYTES_MAX,
  LEAF_DATA_BYTES_MAX,
  OPEN_REQUESTS_MAX,
  RECENT_ROOTS_MAX,
} from '../constants.ts'
import type { ChannelTerms } from '../types.ts'
import type { ChannelState } from './state.ts'

const nano = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,36})$/)
  .transform(BigInt)
const count = z.number().int().min(0).max(0xffff_ffff)
const bytes = (lengthMax: number) =>
  z
    .string()
    .max(2 * lengthMax)
    .regex(/^([0-9a-f]{2})*$/)
    .transform(fromHex)
const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform(fromHex)

const signed = z.strictObject({ boc: bytes(CELL_BOC_BYTES_MAX), signature: bytes(64) })

const request = z.strictObject({
  requestId: z.string().regex(/^[0-9a-f]{32}$/),
  leafIndex: count.nullable().transform((value) => value ?? undefined),
  allocatedNano: nano,
  usedNano: nano,
  leafData: bytes(LEAF_DATA_BYTES_MAX)
    .nullable()
    .transform((value) => value ?? undefined),
  ended: z.boolean(),
})

const dispute = z.enum([
  'used-above-allocation',
  'used-lowered',
  'used-total',
  'leaf-index',
  'leaf-changed',
  'root',
  'checkpoint',
  'other-side-lost-leaves',
])

const channelSchema = z.strictObject({
  format: z.literal('cocoon-channel/1'),
  role: z.enum(['client', 'provider']),
  terms: bytes(CELL_BOC_BYTES_MAX).transform(parseTerms),
  status: z.enum(['opening', 'open', 'frozen', 'closing', 'closed']),
  dispute: dispute.nullable().transform((value) => value ?? undefined),
  depositedNano: nano,
  claimedNano: nano,
  best: z.strictObject({
    amountNano: nano,
    leafCount: count,
    receiptsRoot: hash,
    signed: signed.nullable().transform((value) => value ?? undefined),
  }),
  tree: z.strictObject({ count, peaks: z.array(hash).max(32) }),
  recentRoots: z
    .array(z.strictObject({ count, root: hash }))
    .min(1)
    .max(RECENT_ROOTS_MAX),
  settledNano: nano,
  requests: z.array(request).max(OPEN_REQUESTS_MAX),
})

/** JSON-safe data of one channel. */
export type PlainChannel = z.input<typeof channelSchema>

export function encodeChannelState(state: ChannelState): PlainChannel {
  const { best } = state
  return {
    format: 'cocoon-channel/1',
    role: state.role,
    terms: termsText(state.terms),
    status: state.status,
    dispute: state.dispute ?? null,
    depositedNano: String(state.depositedNano),
    claimedNano: String(state.claimedNano),
    best: {
      amountNano: String(best.amountNano),
      leafCount: best.leafCount,
      receiptsRoot: toHex(best.receiptsRoot),
      signed:
        best.signed === undefined
          ? null
          : { boc: toHex(best.signed.boc), signature: toHex(best.signed.signature) },
    },
    tree: { count: state.tree.count, peaks: state.tree.peaks.map(toHex) },
    recentRoots: state.recentRoots.map((one) => ({ count: one.count, root: toHex(one.root) })),
    settledNano: String(state.settledNano),
    requests: state.requests.map((one) => ({
      requestId: one.requestId,
      leafIndex: one.leafIndex ?? null,
      allocatedNano: String(one.allocatedNano),
      usedNano: String(one.usedNano),
      leafData: one.leafData === undefined ? null : toHex(one.leafData),
      ended: one.ended,
    })),
  }
}

/** Terms never change, and a channel is written with each of its vouchers. */
const termsTexts = new WeakMap<ChannelTerms, string>()

function termsText(terms: ChannelTerms): string {
  const known = termsTexts.get(terms)
  if (known !== undefined) return known
  const text = toHex(encodeTerms(terms))
  termsTexts.set(terms, text)
  return text
}

/** @throws ConfigError CHANNEL_STATE_INVALID: the store was changed by something else */
export function decodeChannelState(plain: unknown): ChannelState {
  try {
    const { format: _, ...state } = channelSchema.parse(plain)
    const last = state.recentRoots[state.recentRoots.length - 1]
    if (last?.count !== state.tree.count) throw new Error('the newest root is not the tree')
    return { ...state, address: channelAddress(state.terms) }
  } catch (cause) {
    throw new ConfigError('CHANNEL_STATE_INVALID', 'a stored channel cannot be read', {
      remedy: 'Restore the data folder from a backup; the wallet can recover the deposit.',
      cause,
    })
  }
}
