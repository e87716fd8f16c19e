/**
 * Which machine each GPU was last seen in by this client. GPU evidence can be passed on by somebody who does not
 * own the GPU; one device behind two machines within the same hour gives it away. A bounded table with an expiry,
 * without clock or storage of its own.
 */
import { GPU_SIGHTING_MS, GPU_SIGHTINGS_MAX } from '#attestation/constants.ts'

interface Sighting {
  /** Name of the machine's own hardware identity. */
  readonly machine: string
  readonly untilMs: number
}

export class GpuSightings {
  /** By device id, the one seen longest ago first. */
  readonly #seen = new Map<string, Sighting>()

  /** The other machine that this device was seen in lately; undefined: none. */
  conflict(device: string, machine: string, nowMs: number): string | undefined {
    const last = this.#seen.get(device)
    if (last === undefined || last.machine === machine || nowMs > last.untilMs) return undefined
    return last.machine
  }

  /** To be called once the whole verdict is good, so that refused evidence cannot block an honest machine. */
  record(device: string, machine: string, nowMs: number): void {
    this.#seen.delete(device)
    this.#seen.set(device, { machine, untilMs: nowMs + GPU_SIGHTING_MS })
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= GPU_SIGHTINGS_MAX) break
      this.#seen.delete(oldest)
    }
  }
}
