/** A command's surroundings, with its output caught and Ctrl-C under the test's finger. */
import { type CliContext, createContext } from '#node/cli/context.ts'
import type { ExitCode } from '#node/cli/failure.ts'
import { readConfiguration } from '#node/config/read.ts'
import { toJson } from '#node/gateway/json.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface CaughtText {
  (): string
  /** Resolves when the text holds this. */
  until(part: string): Promise<void>
}

export interface TestContext {
  readonly context: CliContext
  readonly stdout: CaughtText
  readonly stderr: CaughtText
  readonly exitCodes: ExitCode[]
  press(): void
}

export function testContext(environment: Readonly<Record<string, string>> = {}): TestContext {
  const stdout = catcher()
  const stderr = catcher()
  const exitCodes: ExitCode[] = []
  const first = new AbortController()
  const context = createContext({
    configuration: readConfiguration(
      {
        ...{ COCOON_LOG: 'silent', COCOON_API_PORT: '0', ...environment },
        COCOON_DATA: environment['COCOON_DATA'] ?? temporaryFolder(),
      },
      '/nonexistent',
    ),
    output: {
      terminal: { isTTY: false, columns: 80, write: stdout.add },
      result: (text) => stdout.add(`${text}\n`),
      piece: (text) => stdout.add(text),
      json: (document) => stdout.add(`${toJson(document)}\n`),
      talk: (line) => stderr.add(`${line}\n`),
    },
    interrupts: { first: first.signal, second: new AbortController().signal },
    exitWith: (code) => exitCodes.push(code),
  })
  return {
    context,
    stdout: stdout.read,
    stderr: stderr.read,
    exitCodes,
    press: () => first.abort(),
  }
}

function catcher(): { add(text: string): void; read: CaughtText } {
  let caught = ''
  const waiting = new Set<() => void>()
  const until = (part: string) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (caught.includes(part)) resolve()
      }
      waiting.add(look)
      look()
    })
  return {
    add(text) {
      caught += text
      for (const look of waiting) look()
    },
    read: Object.assign(() => caught, { until }),
  }
}
