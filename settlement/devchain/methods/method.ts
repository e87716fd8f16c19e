/** What a method is, and the forms in which parameters arrive: JSON, or the strings of a query. */
import { Address, Cell } from '@ton/core'
import { z } from 'zod'
import { REQUEST_BYTES_MAX } from '../constants.ts'
import type { View } from '../view.ts'

export type Method = (view: View, params: unknown) => Promise<unknown>
export type Methods = Readonly<Record<string, Method>>

/** Validates the parameters, then answers. */
export function method<T>(
  schema: z.ZodType<T>,
  answer: (view: View, params: T) => Promise<unknown> | unknown,
): Method {
  return async (view, params) => answer(view, schema.parse(params ?? {}))
}

export const address = z
  .string()
  .max(80)
  .transform((text) => Address.parse(text))
export const seqno = z.coerce.number().int().min(0).max(0xffff_ffff)
export const workchain = z.coerce.number().int().min(-1).max(0)
export const logicalTime = z.coerce.bigint().min(0n)
export const boc = z
  .base64()
  .max(REQUEST_BYTES_MAX)
  .transform((text) => Cell.fromBase64(text))
/** TonClient sends '' for what is absent. */
export const optionalBoc = z.union([z.literal('').transform(() => undefined), boc]).optional()
