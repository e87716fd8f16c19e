/** Installs, shows and removes the systemd service of a peer. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import {
  type ServiceRole,
  type ServiceScope,
  type UnitOptions,
  unitName,
  unitText,
} from './unit.ts'

/** Runs one program of systemd with the terminal's streams and returns its exit code. */
export type RunProgram = (program: string, parameters: readonly string[]) => Promise<number>

export interface ServicePlan {
  readonly unitFile: string
  readonly unit: string
  /** In this order. */
  readonly commands: readonly (readonly string[])[]
}

export function unitFolder(scope: ServiceScope, homeDir: string, configHome?: string): string {
  if (scope === 'system') return '/etc/systemd/system'
  return path.join(configHome || path.join(homeDir, '.config'), 'systemd', 'user')
}

export function installPlan(options: UnitOptions, folder: string): ServicePlan {
  const { scope, role } = options
  const name = unitName(role)
  return {
    unitFile: path.join(folder, name),
    unit: unitText(options),
    commands: [
      systemctl(scope, 'daemon-reload'),
      systemctl(scope, 'enable', name),
      // Also when it runs already: an upgrade drains the old program and starts the new one.
      systemctl(scope, 'restart', name),
    ],
  }
}

/** @throws UnavailableError SERVICE_FAILED naming the command that failed; ConfigError SERVICE_FOLDER */
export async function install(plan: ServicePlan, run: RunProgram): Promise<void> {
  try {
    mkdirSync(path.dirname(plan.unitFile), { recursive: true })
    writeFileSync(plan.unitFile, plan.unit, { mode: 0o644 })
  } catch (cause) {
    throw new ConfigError('SERVICE_FOLDER', `cannot write ${plan.unitFile}`, {
      cause,
      remedy: 'Use sudo for a system service, or leave --system out for one of your own.',
    })
  }
  for (const command of plan.commands) await must(run, command)
}

/** The data folder stays: it holds keys and channels. @throws UnavailableError SERVICE_FAILED, SERVICE_MISSING */
export async function remove(
  scope: ServiceScope,
  role: ServiceRole,
  folder: string,
  run: RunProgram,
): Promise<void> {
  const name = unitName(role)
  const unitFile = path.join(folder, name)
  if (!existsSync(unitFile)) {
    throw new UnavailableError('SERVICE_MISSING', `there is no ${unitFile}`, {
      remedy: 'Install it with `cocoon service install`, or name --user, --system or the role.',
    })
  }
  await must(run, systemctl(scope, 'disable', '--now', name))
  rmSync(unitFile)
  await must(run, systemctl(scope, 'daemon-reload'))
}

/** The exit code of `systemctl status`, which is 3 for a service that does not run. */
export function status(scope: ServiceScope, role: ServiceRole, run: RunProgram): Promise<number> {
  return runCommand(run, systemctl(scope, 'status', '--no-pager', unitName(role)))
}

export function logs(
  scope: ServiceScope,
  role: ServiceRole,
  follow: boolean,
  run: RunProgram,
): Promise<number> {
  const userFlag = scope === 'user' ? ['--user'] : []
  const followFlag = follow ? ['--follow'] : ['--no-pager', '--lines=200']
  return runCommand(run, ['journalctl', ...userFlag, '--unit', unitName(role), ...followFlag])
}

export const runOnTerminal: RunProgram = (program, parameters) => {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const child = spawn(program, [...parameters], { stdio: 'inherit' })
  child.once('error', (cause) => {
    reject(
      new UnavailableError('SERVICE_FAILED', `cannot run ${program}`, {
        cause,
        remedy: 'This machine has no systemd: run `cocoon up` under its own supervisor.',
      }),
    )
  })
  child.once('exit', (code) => resolve(code ?? 1))
  return promise
}

function systemctl(scope: ServiceScope, ...parameters: readonly string[]): readonly string[] {
  return ['systemctl', ...(scope === 'user' ? ['--user'] : []), ...parameters]
}

function runCommand(run: RunProgram, [program, ...parameters]: readonly string[]): Promise<number> {
  return run(program ?? '', parameters)
}

async function must(run: RunProgram, command: readonly string[]): Promise<void> {
  const code = await runCommand(run, command)
  if (code === 0) return
  throw new UnavailableError('SERVICE_FAILED', `\`${command.join(' ')}\` ended with ${code}`, {
    remedy:
      'Its own message is above; a user service needs a login session or `loginctl enable-linger`.',
  })
}
