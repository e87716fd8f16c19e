/** What a node and the keeper of its server say to each other. */
import { z } from 'zod'

export const ToKeeper = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('start'),
    executable: z.string(),
    arguments: z.array(z.string()),
    environment: z.record(z.string(), z.string()),
    workFolder: z.string(),
    /** Removed when the node is gone: the private copy of the model would stay in memory. */
    privateFolder: z.string(),
    graceMs: z.int().min(0),
  }),
  z.strictObject({ kind: z.literal('stop') }),
])
export type ToKeeper = z.infer<typeof ToKeeper>

export const FromKeeper = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('started'),
    processId: z.int().min(2),
    startTicks: z.string(),
  }),
  z.strictObject({ kind: z.literal('failed') }),
])
export type FromKeeper = z.infer<typeof FromKeeper>
