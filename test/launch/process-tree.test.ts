/** Who is there: a process that cannot be looked at is not one that is gone. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { processFacts } from '#node/launch/process-tree.ts'

describe('facts of a process', () => {
  it('are of this one and its parent, and of none that never was', async () => {
    expect(await processFacts(process.pid)).toMatchObject({ parentId: process.ppid })
    // Beyond the highest number that Linux gives (PID_MAX_LIMIT).
    expect(await processFacts(2 ** 22 + 1)).toBeUndefined()
  })

  it('are an error where no more files can be opened', async () => {
    const program = `
      const { processFacts } = await import('#node/launch/process-tree.ts')
      const { openSync } = await import('node:fs')
      try { for (;;) openSync('/dev/null') } catch {}
      console.log(await processFacts(process.pid).catch(({ code }) => code))`
    const words = [process.execPath, '--input-type=module', '--eval', program]
    // Node has as many open files as its hard limit allows.
    const few = ['-c', 'ulimit -n 64; exec "$0" "$@"', ...words]
    const { stdout } = await promisify(execFile)('/bin/sh', few)
    expect(stdout.trim()).toBe('EMFILE')
  })
})
