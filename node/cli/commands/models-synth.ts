/** `cocoon models synth`: a full-size model of random weights, for work on speed without a download. */
import path from 'node:path'
import { type Command, Option } from 'commander'
import {
  DECODER_SHAPES,
  type DecoderShapeName,
  QUANTISATIONS,
  type Quantisation,
} from '#inference/synth/shapes.ts'
import { syntheticModelId, writeSyntheticModel } from '#inference/synth/write-model.ts'
import { freeBytesOf, requireRoom } from '#node/models/disk.ts'
import type { CliContext } from '../context.ts'
import { withRemedy } from '../interrupts.ts'
import { bytesText } from '../model-text.ts'
import { parseCount } from '../numbers.ts'

interface SynthOptions {
  readonly shape: DecoderShapeName
  readonly quant: Quantisation
  readonly out?: string
  readonly seed: number
  readonly allLogits?: boolean
  readonly json?: boolean
}

const DEFAULT_SEED = 1

/** Hangs the subcommand into the group `models`. */
export function modelsSynthCommand(models: Command, { output, interrupts }: CliContext): void {
  const names = Object.keys(DECODER_SHAPES)
  models
    .command('synth')
    .description('write a SYNTHETIC model: random weights in the shape of a published one')
    .addOption(new Option('--shape <name>', 'whose shape').choices(names).makeOptionMandatory())
    .addOption(new Option('--quant <kind>', 'weights').choices(QUANTISATIONS).default('q4'))
    .option('--out <dir>', 'folder to write (default: ./synthetic-SHAPE-QUANT)')
    .option('--seed <n>', 'the same seed makes the same bytes', parseCount, DEFAULT_SEED)
    .option('--all-logits', 'logits of every position, not only of the last one')
    .option('--json', 'one JSON document to stdout')
    .action(async (options: SynthOptions) => {
      const { shape: shapeName, quant: quantisation, seed } = options
      const folder = path.resolve(options.out ?? `synthetic-${shapeName}-${quantisation}`)
      output.talk(`Writing ${syntheticModelId({ shapeName, quantisation, seed })} …`)
      const signal = interrupts.first
      const made = await withRemedy(signal, 'Run it again: it begins anew.', () =>
        writeSyntheticModel(folder, {
          ...{ shapeName, shape: DECODER_SHAPES[shapeName], quantisation, seed, signal },
          logits: options.allLogits ? 'all' : 'last',
          beforeWeights: (written, bytes) => requireRoom(written, bytes, freeBytesOf),
        }),
      )
      if (options.json) output.json({ folder, ...made })
      else {
        const size = bytesText(made.sizeBytes)
        output.result(`${made.modelId}: ${size} of random weights in ${folder}`)
      }
    })
}
