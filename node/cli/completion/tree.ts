/** What a shell can complete, read from commander's tree of commands. */
import type { Command, Option } from 'commander'

export interface CompletionOption {
  readonly long: string
  readonly short: string | undefined
  readonly description: string
  /** What follows it: nothing, a path, one of some words, or anything. */
  readonly value: 'none' | 'file' | 'folder' | 'text'
}

export interface CompletionNode {
  /** Names of the commands that lead here, without the program's own: "jobs list"; "" at the root. */
  readonly path: string
  readonly commands: readonly { readonly name: string; readonly description: string }[]
  readonly options: readonly CompletionOption[]
  /** What its first argument is. */
  readonly argument: 'none' | 'file' | 'text'
}

/** The root first, then each command before its subcommands. */
export function completionNodes(program: Command): readonly CompletionNode[] {
  return below(program, '')
}

function below(command: Command, path: string): CompletionNode[] {
  const children = command.commands
  const node: CompletionNode = {
    path,
    commands: children.map((child) => ({ name: child.name(), description: child.description() })),
    options: [
      ...command.options.filter(({ hidden, long }) => !hidden && long).map(completionOption),
      { long: '--help', short: '-h', description: 'help for this command', value: 'none' },
    ],
    argument: argumentOf(command),
  }
  return [node, ...children.flatMap((child) => below(child, `${path} ${child.name()}`.trimStart()))]
}

function completionOption(option: Option): CompletionOption {
  const { long, short, description, flags } = option
  const takesValue = option.required || option.optional
  const value = !takesValue
    ? 'none'
    : flags.includes('<file>')
      ? 'file'
      : flags.includes('<dir>')
        ? 'folder'
        : 'text'
  return { long: long ?? '', short, description, value }
}

function argumentOf(command: Command): CompletionNode['argument'] {
  const [first] = command.registeredArguments
  if (first === undefined) return 'none'
  return first.name() === 'file' ? 'file' : 'text'
}

/** Flags that take the next word as their value, as a shell's scan must know. */
export function valueFlags({ options }: CompletionNode): readonly string[] {
  return options.flatMap(({ long, short, value }) => {
    if (value === 'none') return []
    return short === undefined ? [long] : [long, short]
  })
}
