/** `cocoon bench engine`: this machine's engine beside other runtimes, or proven against itself. */
import path from 'node:path'
import { type Command, Option } from 'commander'
import { DEVICE_CHOICES, type DeviceChoice } from '#inference/onnx/device.ts'
import { benchTable } from '#node/bench/rows.ts'
import type { CliContext } from '../context.ts'
import { EXIT } from '../failure.ts'
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

/** Hangs the subcommand into the group `bench`. */
export function benchEngineCommand(bench: Command, context: CliContext): void {
  const { output, settings } = context
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
    .action(async (flags: EngineBenchFlags) => {
      if (flags.selfCheck) return selfCheck(flags, context)
      // Loaded when it is asked for, as it needs what nothing else does.
      const { benchEngine } = await import('#node/bench/engine/bench-engine.ts')
      const document = await benchEngine({
        seed: flags.seed,
        folder: path.resolve(flags.folder ?? path.join(settings.dataRoot, 'bench')),
        quick: flags.quick ?? false,
        withPeers: !flags.withoutPeers,
        say: (text) => output.talk(text),
      })
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
  const { output } = context
  const { runSelfCheck } = await import('#node/bench/engine/self-check-models.ts')
  const { device, seed, full = false } = flags
  const document = await runSelfCheck({ device, seed, full, say: (text) => output.talk(text) })
  if (flags.json) output.json(document)
  else {
    for (const { check, found, limit, ok } of document.rows) {
      const verdict = ok === null ? '     ' : ok ? 'right' : 'WRONG'
      output.result(`${verdict} ${check}: ${found}${limit === '' ? '' : ` (limit: ${limit})`}`)
    }
    output.result(`${document.engine}${document.reason === '' ? '' : `: ${document.reason}`}`)
  }
  if (!document.ok) context.exitWith(EXIT.failed)
}
