/** `cocoon completion bash|zsh|fish`: a script for the shell, made from this very tree of commands. */
import type { Command } from 'commander'
import { bashCompletion } from '../completion/bash.ts'
import { fishCompletion } from '../completion/fish.ts'
import { completionNodes } from '../completion/tree.ts'
import { zshCompletion } from '../completion/zsh.ts'
import type { CliContext } from '../context.ts'

const WRITERS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const

export function completionCommand(program: Command, { output }: CliContext): void {
  const completion = program
    .command('completion')
    .description('completion for a shell: source <(cocoon completion bash)')
  for (const [shell, write] of Object.entries(WRITERS)) {
    completion
      .command(shell)
      .description(`script for ${shell}, to stdout`)
      .action(() => output.piece(write(completionNodes(program))))
  }
}
