/** Runs a tool of the guest: no shell, bounded output, bounded time. */
import { spawn } from 'node:child_process'

export interface ToolLimits {
  readonly timeoutMs: number
  readonly outputBytesMax: number
}

/**
 * `missing`: there is no such program. `failed`: it ended otherwise than with 0, was killed at a limit,
 * or could not run; `reason` says which.
 */
export type ToolResult =
  | { readonly kind: 'done'; readonly output: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'failed'; readonly reason: string }

/** Never rejects. What the tool says on stderr is not read. */
export function runTool(
  program: string,
  args: readonly string[],
  limits: ToolLimits,
): Promise<ToolResult> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'ignore'],
      shell: false,
      // A group of its own: what the tool started itself ends with it.
      detached: true,
    })
    const parts: Buffer[] = []
    let length = 0
    let limit: string | undefined
    const stop = (reason: string): void => {
      limit ??= reason
      killGroup(child.pid)
      child.stdout.destroy()
    }
    const timer = setTimeout(() => stop(`no end within ${limits.timeoutMs} ms`), limits.timeoutMs)
    child.stdout.on('data', (part: Buffer) => {
      length += part.length
      if (length > limits.outputBytesMax) return stop(`more than ${limits.outputBytesMax} bytes`)
      parts.push(part)
    })
    child.on('error', (error) => {
      clearTimeout(timer)
      const isMissing = 'code' in error && error.code === 'ENOENT'
      resolve(isMissing ? { kind: 'missing' } : { kind: 'failed', reason: error.message })
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (limit !== undefined) resolve({ kind: 'failed', reason: limit })
      else if (code !== 0) resolve({ kind: 'failed', reason: `exit ${code ?? signal}` })
      else resolve({ kind: 'done', output: Buffer.concat(parts).toString('utf8') })
    })
  })
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended meanwhile.
  }
}
