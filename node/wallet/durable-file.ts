/** Files that must survive a power cut: never half-written, and on the disk when the call returns. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'

/** Mode 0600 in a folder of mode 0700, which is made when missing. */
export function writeDurably(file: string, content: string): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  const partial = `${file}.${process.pid}.partial`
  const descriptor = openSync(partial, 'w', 0o600)
  try {
    writeFileSync(descriptor, content)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(partial, file)
  syncFolder(path.dirname(file))
}

export function removeDurably(file: string): void {
  if (!existsSync(file)) return
  rmSync(file)
  syncFolder(path.dirname(file))
}

/** A rename is durable when its folder is. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
