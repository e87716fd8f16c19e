/** `cocoon up` and `cocoon client`: one peer in this process, until Ctrl-C or `cocoon drain`. */
import { type Command, Option } from 'commander'
import type { SettingName } from '#node/config/table.ts'
import { TEE_CHOICES } from '#node/evidence/choose.ts'
import type { CliContext } from '../context.ts'
import { parseCountIn } from '../numbers.ts'
import type { ClientCommandOptions, UpOptions } from '../options.ts'
import { withSettings } from '../settings-options.ts'

const BOTH: readonly SettingName[] = ['network', 'drainLimitS', 'walletPassphraseFile']
const PROVIDER: readonly SettingName[] = [
  'model',
  'upstreamUrl',
  'upstreamModel',
  'upstreamDialect',
  'upstreamLaunch',
  'launchFolder',
  'priceNano',
  'slots',
  'contextTokens',
  'memoryGib',
  'threads',
  'device',
  'kvCache',
  'listen',
  'shareModels',
  'shareRateKib',
  'shareDayMib',
]
const CLIENT: readonly SettingName[] = [
  'policy',
  'nrasUrl',
  'apiPort',
  'apiHost',
  'corsOrigins',
  'depositNano',
  'priceCapNano',
  'spendPerRequestNano',
  'spendPerDayNano',
  'spendPerProviderNano',
  'depositPerDayNano',
  'depositPerProviderNano',
]
const UP_READ: readonly SettingName[] = ['upstreamKey']
const BOTH_READ: readonly SettingName[] = ['dataRoot', 'logLevel', 'coinSymbol', 'walletPassphrase']

export function upCommand(program: Command, context: CliContext): void {
  const up = withPeerOptions(program.command('up'), 'provider')
    .description('sell inference: a provider, until Ctrl-C')
    .option('--model-folder <dir>', 'files of the model (default: what the network file says)')
    .addOption(
      new Option('--tee <kind>', 'what makes the quotes').choices(TEE_CHOICES).default('auto'),
    )
    .option(
      '--metrics-port <n>',
      'answer /metrics on this port of 127.0.0.1 (0: any free one)',
      parseCountIn(0, 65_535),
    )
    .option('--pccs <url>', 'base URL of a PCCS, asked before the services of Intel')
  withSettings(up, [...PROVIDER, ...BOTH], [...UP_READ, ...BOTH_READ])
  up.action(async (options: UpOptions) => {
    const { runUp } = await import('../peer-session.ts')
    await runUp(options, context)
  })
}

export function clientCommand(program: Command, context: CliContext): void {
  const client = withPeerOptions(program.command('client'), 'client').description(
    'buy inference: the OpenAI API on 127.0.0.1, until Ctrl-C',
  )
  withSettings(client, [...CLIENT, ...BOTH], BOTH_READ)
  client.action(async (options: ClientCommandOptions) => {
    const { runClient } = await import('../peer-session.ts')
    await runClient(options, context)
  })
}

function withPeerOptions(command: Command, folder: string): Command {
  return command
    .option('--data <dir>', `data folder (default: \`${folder}\` in COCOON_DATA)`)
    .option('--name <name>', 'name shown in events')
    .option('--json', 'events and status as JSON lines to stdout')
}
