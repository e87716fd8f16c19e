/** An audit as JSON, as it comes back from a running peer. */
import { z } from 'zod'

const nano = z
  .string()
  .regex(/^-?[0-9]{1,40}$/)
  .transform(BigInt)

const depositSchema = z.object({
  depositedNano: nano,
  paidNano: nano,
  paidForReceiptsNano: nano,
  paidAheadNano: nano,
  refundedNano: nano,
  unusedNano: nano,
})

const accountSchema = z.object({
  broughtNano: nano,
  paidNano: nano,
  refundedNano: nano,
  returnedNano: nano,
  rentReturnedNano: nano,
  feesNano: nano,
  rentNano: nano,
  heldNano: nano,
})

const requestSchema = z.object({
  requestId: z.string(),
  leafIndex: z.number(),
  promptTokens: z.number(),
  completionTokens: z.number(),
  finish: z.string(),
  usedNano: nano,
  isFinal: z.boolean(),
})

export const auditReportSchema = z.object({
  channels: z.array(
    z.object({
      channel: z.string(),
      role: z.enum(['client', 'provider']),
      counterparty: z.string(),
      status: z.string(),
      voucherNano: nano,
      usedNano: nano,
      deposit: depositSchema,
      account: accountSchema,
      requests: z.array(requestSchema),
      transactions: z.number(),
      discrepancies: z.array(z.object({ reason: z.string(), nano })),
    }),
  ),
  deposit: depositSchema,
  account: accountSchema,
  usedNano: nano,
  unexplainedNano: nano,
  isExplained: z.boolean(),
})
