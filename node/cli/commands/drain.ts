/** `cocoon drain`: a running peer takes no new work, ends what it has, and stops. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Command } from 'commander'
import { askDrain } from '#node/status/control-client.ts'
import { isAlive } from '#node/testnet/run-folder.ts'
import type { CliContext } from '../context.ts'
import { type RunningPeerOptions, runningPeer } from '../running-peers.ts'
import { withSettings } from '../settings-options.ts'

const POLL_MS = 100

export function drainCommand(program: Command, context: CliContext): void {
  const drain = program
    .command('drain')
    .description('stop the running peer in order: no new work, running answers end, then exit')
    .option('--data <dir>', 'data folder of the peer (default: the one that runs)')
    .option('--no-wait', 'return at once')
  withSettings(drain, [], ['dataRoot'])
  drain.action((options: RunningPeerOptions & { readonly wait: boolean }) => run(options, context))
}

async function run(
  options: RunningPeerOptions & { readonly wait: boolean },
  context: CliContext,
): Promise<void> {
  const { output, interrupts } = context
  const { dataDir } = await runningPeer(options, context)
  const { name, pid } = await askDrain(dataDir)
  output.talk(`${name} (process ${pid}) drains`)
  if (!options.wait) return
  // How long it may take is the peer's to limit; it ends its process when it is done.
  while (isAlive(pid)) await wait(POLL_MS, undefined, { signal: interrupts.first })
  output.talk(`${name} has stopped`)
}
