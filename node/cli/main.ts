/** Runs the program: reads the settings, dispatches, turns what is thrown into an exit code. */
import { homedir } from 'node:os'
import { CommanderError } from 'commander'
import { readConfiguration } from '#node/config/read.ts'
import { ConfigError } from '#protocol/errors.ts'
import { createContext } from './context.ts'
import { EXIT, type ExitCode, reportFailure } from './failure.ts'
import { listenForInterrupts } from './interrupts.ts'
import { type Output, processOutput } from './output.ts'
import { buildProgram } from './program.ts'

export async function main(
  parameters: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  output: Output = processOutput,
): Promise<ExitCode> {
  const form = { json: parameters.includes('--json'), debug: parameters.includes('--debug') }
  let exitCode: ExitCode = EXIT.ok
  try {
    const context = createContext({
      configuration: readConfiguration(environment, homedir()),
      output,
      interrupts: listenForInterrupts(),
      exitWith: (code) => {
        exitCode = code
      },
    })
    const program = buildProgram(context)
    if (parameters.length === 0) program.outputHelp()
    else
      await program.parseAsync(
        parameters.filter((one) => one !== '--debug'),
        { from: 'user' },
      )
    return exitCode
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.ok
    return reportFailure(usageError(thrown), form, output)
  }
}

/** Commander's own refusals, in the shape of every other error. */
function usageError(thrown: unknown): unknown {
  if (!(thrown instanceof CommanderError)) return thrown
  if (thrown.code === 'commander.help') return new ConfigError('USAGE', 'a subcommand is missing')
  const [message = '', meant] = thrown.message.replace(/^error: /, '').split('\n(Did you mean ')
  return new ConfigError('USAGE', message, {
    remedy: meant
      ? `Did you mean ${meant.replace(/\)$/, '')}`
      : 'Run `cocoon --help`, or the command with --help.',
  })
}
