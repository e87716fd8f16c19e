/** `cocoon service install|status|logs|remove`: the peer under systemd. */
import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  install,
  installPlan,
  logs,
  type RunProgram,
  remove,
  runOnTerminal,
  status,
  unitFolder,
} from '#node/service/service.ts'
import type { ServiceRole, ServiceScope } from '#node/service/unit.ts'
import type { CliContext } from '../context.ts'
import { EXIT } from '../failure.ts'
import { effective, withSettings } from '../settings-options.ts'

interface ServiceOptions {
  readonly user?: boolean
  readonly system?: boolean
  readonly dryRun?: boolean
  readonly follow?: boolean
  readonly network?: string
  readonly drainLimitS?: number
}

const ROLES: readonly ServiceRole[] = ['provider', 'client']

export function serviceCommand(
  program: Command,
  context: CliContext,
  run: RunProgram = runOnTerminal,
): void {
  const service = program.command('service').description('run a peer under systemd')
  const verb = (name: string, description: string) =>
    service
      .command(name)
      .description(description)
      .argument('[role]', ROLES.join(' or '), parseRole, 'provider')
      .addOption(new Option('--user', 'service of this user (the default)').conflicts('system'))
      .option('--system', 'service of the machine, under a user of its own')

  const installing = verb('install', 'write the unit, enable and start it').option(
    '--dry-run',
    'show the unit and the commands, change nothing',
  )
  withSettings(installing, ['network', 'drainLimitS'], ['dataRoot'])
  installing.action((role: ServiceRole, options: ServiceOptions) =>
    installService(role, options, context, run),
  )
  verb('status', 'what systemd says of it').action(
    async (role: ServiceRole, options: ServiceOptions) => {
      if ((await status(scopeOf(options), role, run)) !== 0) context.exitWith(EXIT.unreachable)
    },
  )
  verb('logs', 'its log')
    .option('-f, --follow', 'go on with what comes')
    .action(async (role: ServiceRole, options: ServiceOptions) => {
      await logs(scopeOf(options), role, options.follow ?? false, run)
    })
  verb('remove', 'stop and remove it; its data folder stays').action(
    (role: ServiceRole, options: ServiceOptions) =>
      remove(scopeOf(options), role, folderOf(scopeOf(options)), run),
  )
}

async function installService(
  role: ServiceRole,
  options: ServiceOptions,
  { settings, output }: CliContext,
  run: RunProgram,
): Promise<void> {
  const scope = scopeOf(options)
  const { drainLimitS } = effective(settings, { drainLimitS: options.drainLimitS })
  const { dataRoot } = settings
  const named = options.network ?? settings.network
  const networkFile = named === undefined ? undefined : path.resolve(named)
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', mainModule()]
  const parameters = [
    role === 'provider' ? 'up' : 'client',
    ...(networkFile === undefined ? [] : ['--network', networkFile]),
    ...['--drain-limit', `${drainLimitS}`],
  ]
  const plan = installPlan(
    { scope, role, command: [...command, ...parameters], dataRoot, networkFile, drainLimitS },
    folderOf(scope),
  )
  if (options.dryRun) {
    output.talk(`would write ${plan.unitFile}`)
    output.result(plan.unit.trimEnd())
    for (const line of plan.commands) output.talk(`would run ${line.join(' ')}`)
    return
  }
  // A unit may only write to a path that is there when it starts.
  if (scope === 'user') mkdirSync(dataRoot, { recursive: true, mode: 0o700 })
  await install(plan, run)
  output.talk(`installed ${plan.unitFile}`)
}

const scopeOf = ({ system }: ServiceOptions): ServiceScope => (system ? 'system' : 'user')

const folderOf = (scope: ServiceScope): string =>
  unitFolder(scope, homedir(), process.env['XDG_CONFIG_HOME'])

/** The program that runs now is the one that the service starts. */
const mainModule = (): string => path.resolve(process.argv[1] ?? 'cocoon')

function parseRole(text: string): ServiceRole {
  const role = ROLES.find((one) => one === text)
  if (role !== undefined) return role
  throw new InvalidArgumentError(`It must be ${ROLES.join(' or ')}.`)
}
