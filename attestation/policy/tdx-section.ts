/** What a policy says about Intel TDX: TCB of the platform, and the guest on it. */
import { z } from 'zod'
import { TCB_STATUSES } from '#attestation/verify/signed-json.ts'
import { anyOrList, hex, list } from './fields.ts'
import { tdxMeasurement } from './release.ts'

const moment = z.iso.datetime({ precision: 0 })

export const tcbSection = z.strictObject({
  statuses: list(z.enum(TCB_STATUSES).exclude(['Revoked'])),
  /** Advisories tolerated where the status is not UpToDate. */
  advisories: list(z.string().max(64)),
  /** tcbEvaluationDataNumber of TCB info and QE identity: older collateral is refused. */
  evaluationNumberMin: z.number().int().min(1).max(1_000_000),
  /**
   * OutOfDate (also OutOfDateConfigurationNeeded where ConfigurationNeeded is accepted) is accepted until
   * a moment, from platforms whose TCB level is not older than a date; null: never.
   */
  grace: z.strictObject({ tcbDateMin: moment, until: moment }).nullable(),
})

export const tdxSection = z.strictObject({
  /** TDX modules by MRSEAM; any: every module that TCB info describes. */
  mrSeam: anyOrList(hex(48)),
  /** XFAM bits that a guest may have, 8 bytes as in the quote. */
  xfamAllowed: hex(8),
  /** Guests that the host may move to another machine. */
  migratable: z.enum(['refused', 'allowed']),
  measurements: list(tdxMeasurement),
})
