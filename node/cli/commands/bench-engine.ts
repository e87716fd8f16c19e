/** `cocoon bench engine`: this machine's engine beside other runtimes, or proven against itself. */
import path from 'node:path'
import { type Command, Option } from 'commander'
import { DEVICE_CHOICES, type DeviceChoice } from '#inference/onnx/device/device.ts'
import type { SelfCheckDocument } from '#node/bench/engine/self-check-models.ts'
import { selfCheckText } from '#node/bench/engine/self-check-text.ts'
import { benchTable } from '#node/bench/rows.ts'
import type { CliContext } from '../context.ts'
import { EXIT } from '../failure.ts'
import { unlessInterrupted, withRemedy } from '../interrupts.ts'
import { parseCount } from '../numbers.ts'

interface EngineBenchFlags {
  readonly seed: number
  readonly json?: boolean
  readonly quick?: boolean
  readonly withoutPeers?: boolean
  readonly folder?: string
  readonly selfCheck?: boolean
  readonly full?: boolean
  readonly device: DeviceChoice
}

const DEFAULT_SEED = 1
const AGAIN = 'Run it again: models and peers that are whole are kept.'

/** Hangs the subcommand into the group `bench`. */
export function benchEngineCommand(bench: Command, context: CliContext): void {
  const { output, settings, interrupts } = context
  bench
    .command('engine')
    .description(
      'decoding and reading, beside node-llama-cpp and transformers.js on the same weights',
    )
    .option('--seed <n>', 'makes the same weights and prompts again', parseCount, DEFAULT_SEED)
    .option('--quick', 'fewer and shorter rounds: to see that it works')
    .option('--without-peers', 'install and measure nobody else')
    .option('--folder <dir>', 'where models (1.2 GB) and peers (0.6 GB) are kept')
    .option('--self-check', 'prove --device against the cpu; exit code 1 where it is wrong')
    .option('--full', 'the self-check also in the shape of SmolLM2-135M')
    .addOption(
      new Option('--device <kind>', 'of the self-check').choices(DEVICE_CHOICES).default('auto'),
    )
    .option('--json', 'one JSON document to stdout')
    .action(async (flags: EngineBenchFlags, command: Command) => {
      if (flags.selfCheck) return selfCheck(flags, context)
      const isAsked = (name: string) => command.getOptionValueSource(name) === 'cli'
      const alone = ['device', 'full'].find(isAsked)
      if (alone !== undefined) command.error(`error: option '--${alone}' is of --self-check`)
      // Loaded when it is asked for, as it needs what nothing else does.
      const { benchEngine } = await import('#node/bench/engine/bench-engine.ts')
      const signal = interrupts.first
      const document = await withRemedy(signal, AGAIN, () =>
        unlessInterrupted(
          benchEngine({
            seed: flags.seed,
            folder: path.resolve(flags.folder ?? path.join(settings.dataRoot, 'bench')),
            quick: flags.quick ?? false,
            withPeers: !flags.withoutPeers,
            say: (text) => output.talk(text),
          }),
          signal,
        ),
      )
      if (flags.json) output.json(document)
      else {
        output.result(benchTable(document))
        const { versions, machine, seed } = document
        const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
        output.result(`${machine.cores} x ${machine.cpu}; seed ${seed}; ${named.join(', ')}`)
      }
    })
}

async function selfCheck(flags: EngineBenchFlags, context: CliContext): Promise<void> {
  const { output, interrupts } = context
  const { runSelfCheck } = await import('#node/bench/engine/self-check-models.ts')
  const { device, seed, full = false, quick = false } = flags
  const signal = interrupts.first
  const say = (text: string) => output.talk(text)
  const document = await runSelfCheck({ device, seed, full, quick, signal, say })
  tellSelfCheck(document, flags.json ?? false, context)
}

/** Prints what was found; exit code 1 where the device computes wrong. */
export function tellSelfCheck(
  document: SelfCheckDocument,
  json: boolean,
  { output, exitWith }: Pick<CliContext, 'output' | 'exitWith'>,
): void {
  if (json) output.json(document)
  else output.result(selfCheckText(document))
  if (!document.ok) exitWith(EXIT.failed)
}
