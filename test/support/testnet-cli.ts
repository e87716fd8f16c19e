/** The program `cocoon` as a process of its own: short commands, and testnets that run for a while. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'

const ROOT = path.resolve(import.meta.dirname, '../..')

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliProcess {
  readonly pid: number
  readonly stdout: () => string
  readonly stderr: () => string
  /** Resolves when the process has ended and all it wrote was read. */
  readonly ended: Promise<CliResult>
  signal(name: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void
}

/** `home` takes the place of the user's data folder, so that no setting of this machine is read. */
export interface CliOptions {
  readonly home: string
  readonly logLevel?: string
  /** Over what stands below; undefined takes a variable away. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Root of another copy of the program. */
  readonly program?: string
}

/** What was started here is killed when this process ends, however it ends. */
const started = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of started) child.kill('SIGKILL')
})

/** Starts `cocoon` with these parameters. */
export function startCli(parameters: readonly string[], options: CliOptions): CliProcess {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      path.join(options.program ?? ROOT, 'node/main.ts'),
      ...parameters,
    ],
    {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        COCOON_DATA: options.home,
        COCOON_LOG: options.logLevel ?? 'warn',
        COCOON_API_PORT: '0',
        NO_COLOR: '1',
        ...options.environment,
      },
    },
  )
  started.add(child)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<CliResult>((resolve) => {
    child.once('close', (code) => {
      started.delete(child)
      resolve({ code, stdout, stderr })
    })
  })
  return {
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    signal: (name) => void child.kill(name),
  }
}

/** Runs one command to its end. */
export function cli(parameters: readonly string[], options: CliOptions): Promise<CliResult> {
  return startCli(parameters, options).ended
}

const statusSchema = z.strictObject({
  seed: z.string(),
  network: z.string(),
  chainUrl: z.url(),
  apiUrl: z.url(),
  peers: z.array(
    z.strictObject({
      name: z.string(),
      role: z.enum(['provider', 'client']),
      peerId: z.string(),
      pid: z.number().int().positive(),
      addresses: z.array(z.string()),
      dataDir: z.string(),
      alive: z.boolean(),
    }),
  ),
})

/** `testnet status --json` in exactly the documented shape. */
export type Status = z.output<typeof statusSchema>
export const parseStatus = (json: string): Status => statusSchema.parse(JSON.parse(json))

/** All processes below one, as the kernel sees them; zombies are dead. */
export function descendants(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const parent = parentOf(Number(entry))
    if (parent !== undefined) {
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)])
    }
  }
  const below = (one: number): number[] =>
    (children.get(one) ?? []).flatMap((child) => [child, ...below(child)])
  return below(pid)
}

/** True while the process does anything: a zombie does not. */
export function isRunning(pid: number): boolean {
  return parentOf(pid) !== undefined
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name before it is in parentheses and may hold anything.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' ? undefined : Number(parent)
  } catch {
    return undefined
  }
}
