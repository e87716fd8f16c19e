/** `cocoon status`: what the peers that run on this machine say of themselves. */
import type { Command } from 'commander'
import { statusRows } from '#node/status/status-text.ts'
import { pairs } from '#node/text.ts'
import type { CliContext } from '../context.ts'
import { type RunningPeerOptions, runningPeers } from '../running-peers.ts'
import { withSettings } from '../settings-options.ts'

interface StatusOptions extends RunningPeerOptions {
  readonly json?: boolean
}

export function statusCommand(program: Command, context: CliContext): void {
  const status = program
    .command('status')
    .description('the running provider and client: peers, offers, work, money')
    .option('--data <dir>', 'data folder of the peer (default: `provider` and `client`)')
    .option('--json', 'one JSON document to stdout')
  withSettings(status, [], ['dataRoot', 'coinSymbol'])
  status.action((options: StatusOptions) => show(options, context))
}

async function show(options: StatusOptions, context: CliContext): Promise<void> {
  const { output, coins } = context
  const peers = await runningPeers(options, context)
  if (options.json) return output.json({ peers })
  const blocks = peers.map((peer) => {
    const rows = statusRows(peer, coins, peer.startedAtMs + peer.uptimeMs)
    return pairs([...rows, ['identity', peer.peerId], ['data', peer.dataDir]])
  })
  output.result(blocks.join('\n\n'))
}
