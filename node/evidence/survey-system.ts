/** What the survey looks at: this machine's files and tools, behind an interface for tests. */
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { release } from 'node:os'
import { gunzipSync } from 'node:zlib'
import { SURVEY_TEXT_BYTES_MAX, SURVEY_TOOL_TIMEOUT_MS } from './constants.ts'
import { runTool, type ToolResult } from './tool.ts'

export interface SurveySystem {
  exists(path: string): boolean
  /** Release of the running kernel, as `uname -r` prints it. */
  kernelRelease(): string
  /** Configuration of the running kernel, undefined where neither /proc nor /boot has it. */
  kernelConfig(): string | undefined
  run(program: string, args: readonly string[]): Promise<ToolResult>
  /** True when something accepts a connection on a Unix socket. */
  answers(socketPath: string): Promise<boolean>
}

export const thisSystem: SurveySystem = {
  exists: existsSync,
  kernelRelease: release,
  kernelConfig: readKernelConfig,
  run: (program, args) =>
    runTool(program, args, {
      timeoutMs: SURVEY_TOOL_TIMEOUT_MS,
      outputBytesMax: SURVEY_TEXT_BYTES_MAX,
    }),
  answers: (socketPath) =>
    new Promise((resolve) => {
      const socket = connect(socketPath)
      const end = (value: boolean): void => {
        socket.destroy()
        resolve(value)
      }
      socket.setTimeout(SURVEY_TOOL_TIMEOUT_MS, () => end(false))
      socket.on('connect', () => end(true))
      socket.on('error', () => end(false))
    }),
}

function readKernelConfig(): string | undefined {
  try {
    const packed = readFileSync('/proc/config.gz')
    return gunzipSync(packed, { maxOutputLength: SURVEY_TEXT_BYTES_MAX }).toString('latin1')
  } catch {
    // Not built with IKCONFIG_PROC: distributions put the file beside the kernel.
  }
  try {
    return readFileSync(`/boot/config-${release()}`, 'latin1')
  } catch {
    return undefined
  }
}
