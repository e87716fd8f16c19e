/** The program's tree of commands. */
import { Command } from 'commander'
import { anchorCommand } from './commands/anchor.ts'
import { attestCommand } from './commands/attest.ts'
import { benchCommand } from './commands/bench.ts'
import { bondCommand } from './commands/bond.ts'
import { chainCommand } from './commands/chain.ts'
import { channelsCommand } from './commands/channels.ts'
import { collectCommand } from './commands/collect.ts'
import { completionCommand } from './commands/completion.ts'
import { configCommand } from './commands/config.ts'
import { doctorCommand } from './commands/doctor.ts'
import { drainCommand } from './commands/drain.ts'
import { embedCommand } from './commands/embed.ts'
import { historyCommand } from './commands/history.ts'
import { jobsCommand } from './commands/jobs.ts'
import { keysCommand } from './commands/keys.ts'
import { offersCommand } from './commands/listings.ts'
import { modelsCommand } from './commands/models.ts'
import { clientCommand, upCommand } from './commands/peers.ts'
import { policyCommand } from './commands/policy.ts'
import { receiptsCommand } from './commands/receipts.ts'
import { registryCommand } from './commands/registry.ts'
import { runCommand } from './commands/run.ts'
import { serviceCommand } from './commands/service.ts'
import { statusCommand } from './commands/status.ts'
import { testnetCommand } from './commands/testnet.ts'
import { versionCommand } from './commands/version.ts'
import { walletCommand } from './commands/wallet.ts'
import { whyCommand } from './commands/why.ts'
import type { CliContext } from './context.ts'

const EXAMPLES = `
Examples:
  cocoon testnet                               a whole network on this machine
  cocoon run cocoon-demo "What is Cocoon?"     ask it, in another terminal
  cocoon receipts verify FILE                  check where an answer was computed

Exit codes: 0 ok, 1 failed, 2 usage, 3 unreachable, 4 wallet or auth, 5 attestation refused,
6 payment, 130 interrupted.
The help of each command names the environment variables that it reads; all heed NO_COLOR.
`

export function buildProgram(context: CliContext): Command {
  const program = new Command('cocoon')
    .description('Confidential compute network for AI with no coordinator.')
    .option('--debug', 'show the stack and the causes of an error')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError(false)
    // Errors are thrown to main, which prints them in one form; help goes to stdout as usual.
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
  program.commandsGroup('Run a peer:')
  testnetCommand(program, context)
  chainCommand(program, context)
  upCommand(program, context)
  clientCommand(program, context)
  drainCommand(program, context)
  serviceCommand(program, context)
  program.commandsGroup('Use the network:')
  runCommand(program, context)
  embedCommand(program, context)
  jobsCommand(program, context)
  modelsCommand(program, context)
  keysCommand(program, context)
  walletCommand(program, context)
  program.commandsGroup('Look at it:')
  statusCommand(program, context)
  offersCommand(program, context)
  receiptsCommand(program, context)
  attestCommand(program, context)
  channelsCommand(program, context)
  anchorCommand(program, context)
  bondCommand(program, context)
  registryCommand(program, context)
  whyCommand(program, context)
  historyCommand(program, context)
  doctorCommand(program, context)
  collectCommand(program, context)
  benchCommand(program, context)
  program.commandsGroup('Set it up:')
  policyCommand(program, context)
  configCommand(program, context)
  completionCommand(program, context)
  versionCommand(program, context)
  return program
}
