/** `cocoon up` and `cocoon client`: one peer in this process, until Ctrl-C. */
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { parseCoins, parseCountIn } from '../numbers.ts'
import type { ClientCommandOptions, UpOptions } from '../options.ts'

export function upCommand(program: Command, context: CliContext): void {
  withPeerOptions(program.command('up'))
    .description('sell inference: a provider, until Ctrl-C')
    .option('--model <id>', 'model to serve (default: the first of the network)')
    .option('--model-folder <dir>', 'its files (default: what the network file says)')
    .option(
      '--price <coins>',
      'for a million completion tokens; a prompt token costs half',
      parseCoins,
    )
    .option('--slots <n>', 'answers at once', parseCountIn(1, 64), 4)
    .action(async (options: UpOptions) => {
      const { runUp } = await import('../peer-session.ts')
      await runUp(options, context)
    })
}

export function clientCommand(program: Command, context: CliContext): void {
  withPeerOptions(program.command('client'))
    .description('buy inference: the OpenAI API on 127.0.0.1, until Ctrl-C')
    .option('--api-port <port>', 'port of the API (env COCOON_API_PORT)', parseCountIn(0, 65_535))
    .option('--deposit <coins>', 'deposit of a new channel', parseCoins)
    .option('--price-cap <coins>', 'for one request', parseCoins)
    .action(async (options: ClientCommandOptions) => {
      const { runClient } = await import('../peer-session.ts')
      await runClient(options, context)
    })
}

function withPeerOptions(command: Command): Command {
  return command
    .option('--network <file>', 'network file (default: of the running testnet)')
    .option('--data <dir>', 'data folder (env COCOON_DATA names its parent)')
    .option('--name <name>', 'name shown in events')
    .option('--json', 'events as JSON lines to stdout')
}
