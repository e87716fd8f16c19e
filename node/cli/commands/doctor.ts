/** `cocoon doctor`: what of this machine works for a peer, and how to mend the rest. */
import { styleText } from 'node:util'
import type { Command } from 'commander'
import type { DeviceChoice } from '#inference/onnx/device/device.ts'
import { type CheckResult, type Diagnosis, examine } from '#node/doctor/examine.ts'
import type { Health } from '#node/doctor/finding.ts'
import { CHECKS } from '#node/doctor/table.ts'
import { thisMachine } from '#node/doctor/this-machine.ts'
import { CocoonError } from '#protocol/errors.ts'
import type { CliContext } from '../context.ts'
import { EXIT } from '../failure.ts'
import { effective, withSettings } from '../settings-options.ts'
import { networkFile } from '../target.ts'

interface DoctorOptions {
  readonly json?: boolean
  readonly network?: string
  readonly apiPort?: number
  readonly device?: DeviceChoice
  readonly upstreamLaunch?: string
  readonly launchFolder?: string
}

const MARK: Record<Health, string> = { pass: '✔', warn: '▲', fail: '✖' }
const COLOUR = { pass: 'green', warn: 'yellow', fail: 'red' } as const
const NAME_CHARS = 22

export function doctorCommand(program: Command, context: CliContext): void {
  const command = program
    .command('doctor')
    .description('check this machine for a peer: each line pass, warn or fail, with the fix')
    .option('--json', 'one JSON document to stdout')
  withSettings(
    command,
    ['network', 'apiPort', 'device', 'upstreamLaunch', 'launchFolder'],
    ['dataRoot', 'depositNano', 'coinSymbol'],
  )
  command.addHelpText('after', '\nExit code: 1 when any check fails, 0 otherwise.')
  command.action(async (options: DoctorOptions) => {
    const diagnosis = await diagnose(options, context)
    if (options.json) context.output.json(diagnosis)
    const { pass, warn, fail } = diagnosis.counts
    context.output.talk(`${pass} pass, ${warn} warn, ${fail} fail`)
    if (!diagnosis.ok) context.exitWith(EXIT.failed)
  })
}

/** Lines come as the checks end; on a terminal the running one is named. */
async function diagnose(options: DoctorOptions, context: CliContext): Promise<Diagnosis> {
  const settings = effective(context.settings, options)
  const machine = thisMachine(settings, () => configuredNetwork(options, context))
  const isMoving = process.stderr.isTTY && options.json !== true
  const clear = isMoving ? '\r\u001b[K' : ''
  return examine(CHECKS, machine, {
    started: (name) => isMoving && process.stderr.write(`${clear}  ${name}…`),
    finished(result) {
      if (isMoving) process.stderr.write(clear)
      if (!options.json) context.output.result(lineOf(result))
    },
  })
}

/** Undefined: none is configured, which is for the checks to say. */
function configuredNetwork(options: DoctorOptions, context: CliContext): string | undefined {
  try {
    return networkFile(options, context.settings)
  } catch (thrown) {
    if (thrown instanceof CocoonError && thrown.code === 'NO_TESTNET') return undefined
    throw thrown
  }
}

function lineOf({ name, health, found, fix }: CheckResult): string {
  const mark = styleText(COLOUR[health], MARK[health], { stream: process.stdout })
  const line = `${mark} ${health} ${name.padEnd(NAME_CHARS)} ${found}`
  return fix === '' ? line : `${line}\n  ${' '.repeat(5 + NAME_CHARS)} ${fix}`
}
