/** `cocoon bench engine`: this machine's engine beside other runtimes, or proven against itself. */
import path from 'node:path'
import type { Command } from 'commander'
import { benchTable } from '#node/bench/rows.ts'
import type { CliContext } from '../context.ts'
import { parseCount } from '../numbers.ts'

interface EngineBenchFlags {
  readonly seed: number
  readonly json?: boolean
  readonly quick?: boolean
  readonly withoutPeers?: boolean
  readonly folder?: string
}

const DEFAULT_SEED = 1

/** Hangs the subcommand into the group `bench`. */
export function benchEngineCommand(bench: Command, { output, settings }: CliContext): void {
  bench
    .command('engine')
    .description(
      'decoding and reading, beside node-llama-cpp and transformers.js on the same weights',
    )
    .option('--seed <n>', 'makes the same weights and prompts again', parseCount, DEFAULT_SEED)
    .option('--quick', 'fewer and shorter rounds: to see that it works')
    .option('--without-peers', 'install and measure nobody else')
    .option('--folder <dir>', 'where models (1.2 GB) and peers (0.6 GB) are kept')
    .option('--json', 'one JSON document to stdout')
    .action(async (flags: EngineBenchFlags) => {
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
