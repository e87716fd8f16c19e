/**
 * The network file: what a peer must know to join, and nothing secret that protects anything real.
 * `cocoon testnet` writes it; `--network FILE` reads it.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { ConfigError } from '#protocol/errors.ts'

const hex32 = z.string().regex(/^[0-9a-f]{64}$/)

export const networkFileSchema = z.strictObject({
  format: z.literal('cocoon-network/1'),
  name: z.string().min(1).max(64),
  /** TON global id: -239 is mainnet. */
  globalId: z.number().int(),
  /** toncenter-v2-compatible endpoint. */
  chainUrl: z.url(),
  /** Further endpoints, of other operators: with any, channels that hold much need two that agree. */
  chainUrls: z.array(z.url()).max(7).optional(),
  /** Channels that hold more nanoTON need agreement; absent: every channel. */
  chainAgreeAboveNano: z
    .string()
    .regex(/^\d{1,20}$/)
    .optional(),
  /** First addresses; no peer behind them has a special role. */
  bootstrap: z.array(z.string().max(256)).max(16),
  /** Models that this network talks about; a folder is given when this machine has the files. */
  models: z
    .array(z.strictObject({ id: z.string().max(128), root: hex32, folder: z.string().optional() }))
    .min(1)
    .max(64),
  /**
   * SIMULATED networks only: the seed of the make-believe hardware manufacturer, so that any peer can
   * mint itself a software TEE. It protects nothing, which is why the tier reads `simulated`.
   */
  simulatedManufacturerSeed: hex32.optional(),
  /**
   * SIMULATED networks only: runtime digests that its machines may have beside that of this program's own engine, such
   * as those of launched servers (`cocoon attest launch`).
   */
  simulatedRuntimes: z.array(hex32).max(16).optional(),
  /** Seconds a channel stays claimable after a unilateral close. */
  closeDelay: z
    .number()
    .int()
    .min(1)
    .max(7 * 86_400),
  /** Providers claim after each answer when so many nanoTON are unclaimed; absent: seldom. */
  claimAboveNano: z
    .string()
    .regex(/^\d{1,20}$/)
    .optional(),
})

export type NetworkFile = z.infer<typeof networkFileSchema>

/** Its TEE is made of software and anybody can mint one: for peers on one machine. */
export function isSimulated(network: NetworkFile): boolean {
  return network.simulatedManufacturerSeed !== undefined
}

/** @throws ConfigError NETWORK_FILE */
export function readNetworkFile(file: string): NetworkFile {
  try {
    return networkFileSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    throw new ConfigError('NETWORK_FILE', `cannot read the network file ${file}`, {
      cause,
      remedy: 'Start `cocoon testnet` or pass --network FILE with the file it wrote.',
    })
  }
}
