/** How settings are compared before the figures are taken: the same way for us and for a peer. */

/** Long enough that one interruption does not choose. */
export const PROBE_DECODE = { promptTokens: 32, tokens: 24 } as const
export const PROBE_PREFILL_TOKENS = 256
const PROBES = 3

/** The fastest of several probes in milliseconds; the first is left out, in which code is compiled and memory filled. */
export async function fastestProbe(probe: () => Promise<number>): Promise<number> {
  await probe()
  let bestMs = Number.POSITIVE_INFINITY
  for (let at = 1; at < PROBES; at++) bestMs = Math.min(bestMs, await probe())
  return bestMs
}
