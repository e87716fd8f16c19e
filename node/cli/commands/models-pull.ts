/** `cocoon models pull`: from a Hugging-Face-compatible host, or from other peers. */
import { type Command, Option } from 'commander'
import { QUANTIZATIONS, type Quantization } from '#node/models/choose-files.ts'
import type { CliContext } from '../context.ts'
import { parseHex32 } from '../hex32.ts'
import { withSettings } from '../settings-options.ts'

export interface PullOptions {
  readonly root?: string
  readonly name?: string
  readonly quant?: Quantization
  readonly include?: readonly string[]
  readonly publisher?: string
  readonly registry?: string
  readonly hubEndpoint?: string
  readonly network?: string
  readonly json?: boolean
}

export function modelsPullCommand(models: Command, context: CliContext): void {
  const pull = models
    .command('pull')
    .description('get a model: OWNER/NAME[@REVISION] from a host, NAME or --root from other peers')
    .argument(
      '[model]',
      'OWNER/NAME, OWNER/NAME@REVISION, or a name: pinned, published or registered',
    )
    .option('--root <root>', 'the model with this root, from peers', parseHex32)
    .option('--name <name>', 'what to call it here')
    .option('--publisher <key>', 'from peers: only the word of this trusted publisher', parseHex32)
    .option('--registry <address>', 'from peers: only the word of this registry')
    .addOption(
      new Option('--quant <kind>', 'from a host: which weights (default: the first there)').choices(
        QUANTIZATIONS,
      ),
    )
    .option('--include <paths...>', 'from a host: exact paths; one .onnx file is the graph')
    .option('--json', 'events as JSON lines, the model as the last')
    .addHelpText('after', EXAMPLES)
  withSettings(pull, ['hubEndpoint', 'network'], ['dataRoot', 'hubToken', 'registries'])
  pull.action(async (model: string | undefined, options: PullOptions) => {
    const { pullModel } = await import('../pull-desk.ts')
    await pullModel(model, options, context)
  })
}

const EXAMPLES = `
Examples:
  cocoon models pull onnx-community/SmolLM2-135M-Instruct --quant q4
  cocoon models pull --root 9f3c…                from peers that hand it out
  cocoon models pull smollm2 --registry EQ…      what this registry calls so, from peers
  cocoon up --model smollm2-135m-instruct-q4

Ctrl-C stops it; the same command goes on where it stopped.`
