/** What files need beyond writing them: room, and being on the disk when the call returns. */
import { open, statfs } from 'node:fs/promises'
import { DISK_RESERVE_BYTES } from './constants.ts'
import { diskFull } from './errors.ts'

/** Free bytes for this user where a folder lies. */
export type FreeBytes = (folder: string) => Promise<number>

export const freeBytesOf: FreeBytes = async (folder) => {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** @throws UnavailableError MODEL_DISK_FULL unless the reserve stays free */
export async function requireRoom(
  folder: string,
  needBytes: number,
  freeBytes: FreeBytes,
): Promise<void> {
  const free = await freeBytes(folder)
  if (needBytes > 0 && needBytes + DISK_RESERVE_BYTES > free)
    throw diskFull({ needBytes, freeBytes: free })
}

/** The operating system's own words for a full disk, as the error of this program. */
export function asDiskFull(thrown: unknown): unknown {
  const code = (thrown as NodeJS.ErrnoException | undefined)?.code
  return code === 'ENOSPC' || code === 'EDQUOT' ? diskFull() : thrown
}

/** A rename is durable when its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r')
  await handle.sync()
}
