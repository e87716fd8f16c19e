/**
 * What this guest extended RTMR3 with: events of the boot log, then those that the measured launcher wrote down when it
 * extended the register through the kernel, which keeps no log of it.
 */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { CCEL_BYTES_MAX } from '#attestation/evidence/constants.ts'
import { runtimeEventsOfCcel } from '#attestation/evidence/event-log/ccel.ts'
import { EVIDENCE_EVENT_LOG_BYTES_MAX } from '#protocol/constants.ts'

/** The boot log, as Linux shows it. */
export const CCEL_FILE = '/sys/firmware/acpi/tables/data/CCEL'
/** The launcher's: 48-byte digests, one behind the other, in order. */
const LAUNCHER_LOG = '/run/cocoon/rtmr3'
const DIGEST_BYTES = 48

/** Undefined: no log, or one that is not of its form; never rejects. */
export async function guestRuntimeEvents(
  bootLog: string = CCEL_FILE,
  launcherLog: string = LAUNCHER_LOG,
): Promise<readonly Uint8Array[] | undefined> {
  const boot = await readBounded(bootLog, CCEL_BYTES_MAX)
  const launcher = await readBounded(launcherLog, EVIDENCE_EVENT_LOG_BYTES_MAX)
  const booted = boot === undefined ? [] : runtimeEventsOfCcel(boot)
  if (booted === undefined || launcher === undefined) return booted
  const count = launcher.length / DIGEST_BYTES
  if (!Number.isInteger(count)) return undefined
  const launched = Array.from({ length: count }, (_, at) =>
    launcher.slice(at * DIGEST_BYTES, (at + 1) * DIGEST_BYTES),
  )
  return [...booted, ...launched]
}

/** Undefined: not there, not readable, or too long. Such files have no size to go by. */
async function readBounded(file: string, bytesMax: number): Promise<Uint8Array | undefined> {
  const handle = await open(file, constants.O_RDONLY).catch(() => undefined)
  if (handle === undefined) return undefined
  try {
    const bytes = new Uint8Array(bytesMax + 1)
    let length = 0
    while (length < bytes.length) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null)
      if (bytesRead === 0) return bytes.slice(0, length)
      length += bytesRead
    }
    return undefined
  } catch {
    return undefined
  } finally {
    await handle.close()
  }
}
