/** The kinds of field that a policy is written in. */
import { z } from 'zod'
import { POLICY_ENTRIES_MAX } from '#attestation/constants.ts'

/** Lower-case hexadecimal of exactly this many bytes. */
export const hex = (lengthBytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${2 * lengthBytes}}$`))

/** A short name of ours. */
export const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)

/** Text for people: printable ASCII, so that nothing in it can pretend to be something else. */
export const remark = z.string().regex(/^[\x20-\x7e]{1,200}$/)

/** Allow-list: what it does not name is refused, so that an empty one accepts nothing. */
export const list = <T extends z.ZodType>(entry: T) => z.array(entry).max(POLICY_ENTRIES_MAX)

/** Allow-list, or the explicit word that there is none. */
export const anyOrList = <T extends z.ZodType>(entry: T) => z.union([z.literal('any'), list(entry)])

/** What a platform or guest must have switched on. */
export const need = z.enum(['any', 'required'])
export type Need = z.infer<typeof need>

/** One component's security version number. */
export const svn = z.number().int().min(0).max(255)
