/** `cocoon testnet` and `cocoon testnet status`. */
import { type Command, Option } from 'commander'
import { CLIENTS_MAX, PROVIDERS_MAX } from '#node/testnet/constants.ts'
import { DEFAULT_MACHINES, TESTNET_TEES } from '#node/testnet/derive.ts'
import { statusBesideNetworkFile, testnetStatus } from '#node/testnet/status.ts'
import { table } from '#node/text.ts'
import type { CliContext } from '../context.ts'
import { parseCountIn } from '../numbers.ts'
import type { TestnetCommandOptions } from '../options.ts'
import { withSettings } from '../settings-options.ts'
import { type TargetOptions, testnetDir } from '../target.ts'

export function testnetCommand(program: Command, context: CliContext): void {
  const testnet = program
    .command('testnet')
    .description('a whole network with its own TON on this machine, until Ctrl-C')
    .option('--providers <n>', 'providers', parseCountIn(1, PROVIDERS_MAX), 3)
    .option('--clients <n>', 'clients', parseCountIn(1, CLIENTS_MAX), 1)
    .addOption(
      new Option('--tee <kind>', 'simulated machines: mixed is TDX and SNP by turns')
        .choices(TESTNET_TEES)
        .default(DEFAULT_MACHINES.tee),
    )
    .option('--gpus <n>', 'simulated GPUs of each', parseCountIn(0, 8), DEFAULT_MACHINES.gpus)
    .option('--seed <text>', 'same seed, same identities, prices and wallets')
    .option('--once', 'ask one question, run a small job, settle, exit')
    .option('--question <text>', 'what --once asks')
    .option('--json', 'with --once one JSON document, else one JSON line an event')
    .option('--data <dir>', 'folder for the runs (default: `testnet` in COCOON_DATA)')
    .option('--restart', 'start a peer again when its process dies')
    .action(async (options: TestnetCommandOptions) => {
      const { runTestnet } = await import('../testnet-session.ts')
      await runTestnet(options, context)
    })
  withSettings(testnet, ['apiPort'], ['dataRoot', 'logLevel', 'coinSymbol'])
  testnet
    .command('status')
    .description('processes, addresses and URLs of the running testnet')
    .option('--json', 'one JSON document to stdout')
    .option('--network <file>', 'network file of the testnet')
    .option('--data <dir>', 'folder of the testnet')
    // --json and --data exist on `testnet` too and may have been read there.
    .action((_options, command: Command) =>
      status(command.optsWithGlobals<TargetOptions>(), context),
    )
}

function status(options: TargetOptions, { settings, output }: CliContext): void {
  const status =
    options.network === undefined
      ? testnetStatus(testnetDir(options, settings))
      : statusBesideNetworkFile(options.network)
  if (options.json) {
    output.json(status)
    return
  }
  output.result(
    `seed     ${status.seed}\nAPI      ${status.apiUrl}/v1\nchain    ${status.chainUrl}\n`,
  )
  const text = table(status.peers, [
    { title: 'PEER', cell: (peer) => peer.name },
    { title: 'PID', cell: (peer) => String(peer.pid), align: 'right' },
    { title: 'STATE', cell: (peer) => (peer.alive ? 'alive' : 'dead') },
    { title: 'PEER ID', cell: (peer) => peer.peerId },
    { title: 'ADDRESS', cell: (peer) => peer.addresses[0] ?? '-' },
  ])
  output.result(text)
}
