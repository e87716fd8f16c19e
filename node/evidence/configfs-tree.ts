/** configfs-tsm of this machine: `ReportTree` over node:fs, one system call for each write. */
import { constants } from 'node:fs'
import { mkdir, open, rmdir } from 'node:fs/promises'
import path from 'node:path'
import type { ReportTree } from '#attestation/evidence/configfs/tree.ts'

export const TSM_REPORT_FOLDER = '/sys/kernel/config/tsm/report'

const CHUNK_BYTES = 4_096

export function configfsTree(folder: string = TSM_REPORT_FOLDER): ReportTree {
  const at = (...parts: string[]): string => path.join(folder, ...parts)
  return {
    async make(directory) {
      await mkdir(at(directory), { mode: 0o700 })
    },
    async remove(directory) {
      await rmdir(at(directory))
    },
    async read(directory, attribute, bytesMax) {
      // Read by position null until 0: a configfs attribute has no size to go by.
      const file = await open(at(directory, attribute), 'r')
      try {
        const parts: Uint8Array[] = []
        let length = 0
        while (length <= bytesMax) {
          const chunk = new Uint8Array(Math.min(CHUNK_BYTES, bytesMax + 1 - length))
          const { bytesRead } = await file.read(chunk, 0, chunk.length, null)
          if (bytesRead === 0) break
          parts.push(chunk.subarray(0, bytesRead))
          length += bytesRead
        }
        return new Uint8Array(Buffer.concat(parts))
      } finally {
        await file.close()
      }
    },
    async write(directory, attribute, bytes) {
      // Write only, as the attribute's mode is; nothing created, nothing truncated.
      const file = await open(at(directory, attribute), constants.O_WRONLY)
      try {
        const { bytesWritten } = await file.write(bytes, 0, bytes.length, null)
        return bytesWritten
      } finally {
        await file.close()
      }
    },
  }
}
