/** `cocoon collect`: a redacted bundle for a bug report, to be looked at before it is sent. */
import { writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import type { Command } from 'commander'
import { bundleFiles } from '#node/collect/bundle.ts'
import { tarGz } from '#node/collect/tar.ts'
import { examine } from '#node/doctor/examine.ts'
import { CHECKS } from '#node/doctor/table.ts'
import { thisMachine } from '#node/doctor/this-machine.ts'
import { askStatus } from '#node/status/control-client.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { CliContext } from '../context.ts'

interface CollectOptions {
  readonly out?: string
  readonly json?: boolean
}

export function collectCommand(program: Command, context: CliContext): void {
  program
    .command('collect')
    .description('write a redacted bundle for a bug report: versions, settings, doctor, logs’ ends')
    .option('--out <file>', 'where to (default: cocoon-collect.tar.gz here)')
    .option('--json', 'the bundle as one JSON document to stdout, no file')
    .action((options: CollectOptions) => collect(options, context))
}

async function collect(options: CollectOptions, context: CliContext): Promise<void> {
  const { output, configuration, settings } = context
  const nowMs = Date.now()
  const machine = thisMachine(settings, () => settings.network)
  const roles = ['provider', 'client'] as const
  const files = bundleFiles({
    configuration,
    diagnosis: await examine(CHECKS, machine),
    status: await Promise.all(
      roles.map((role) => askStatus(machine.dataDir(role)).catch(() => ({ role, running: false }))),
    ),
    homeDir: homedir(),
    nowMs,
  })
  if (options.json) {
    return output.json(Object.fromEntries(files.map(({ name, text }) => [name, text])))
  }
  const target = path.resolve(options.out ?? 'cocoon-collect.tar.gz')
  try {
    writeFileSync(target, tarGz(files, nowMs), { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    throw new ConfigError('FILE_UNWRITABLE', `cannot make the file ${target}`, {
      cause,
      remedy: 'Name a file that does not exist yet with --out.',
    })
  }
  output.result(target)
  output.talk(`${files.length} files; look into it before you send it: tar -xzOf ${target}`)
}
