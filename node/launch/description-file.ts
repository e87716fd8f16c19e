/** Reads a launch description from its file, no further than its limit. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { LAUNCH_DESCRIPTION_BYTES_MAX } from '#inference/upstream/launch/constants.ts'
import {
  type LaunchDescription,
  parseLaunchDescription,
} from '#inference/upstream/launch/description.ts'
import { launchInvalid } from '#inference/upstream/launch/errors.ts'
import { fromUtf8 } from '#protocol/bytes.ts'

/** Never waits on a pipe that nobody writes to. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK

/** @throws ConfigError LAUNCH_INVALID, LAUNCH_REFUSED */
export async function readDescription(file: string): Promise<LaunchDescription> {
  const bytes = await readUpTo(file, LAUNCH_DESCRIPTION_BYTES_MAX + 1).catch((cause: unknown) => {
    throw launchInvalid('the file cannot be read', cause)
  })
  if (bytes.length > LAUNCH_DESCRIPTION_BYTES_MAX) throw launchInvalid('its size')
  return parseLaunchDescription(textOf(bytes))
}

/** Its size says nothing of a device. */
async function readUpTo(file: string, bytesMax: number): Promise<Uint8Array> {
  await using handle = await open(file, READ)
  const bytes = new Uint8Array(bytesMax)
  let length = 0
  while (length < bytesMax) {
    const { bytesRead } = await handle.read(bytes, length, bytesMax - length, null)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return bytes.subarray(0, length)
}

/** Bytes that are no text would otherwise be read as one and the same character. */
function textOf(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch (cause) {
    throw launchInvalid('its text is not UTF-8', cause)
  }
}
