/** `cocoon bench NAME`: figures of this machine, each beside what it is measured against. */
import type { Command } from 'commander'
import { type BenchDocument, benchTable } from '#node/bench/rows.ts'
import type { CliContext } from '../context.ts'
import { unlessInterrupted, withRemedy } from '../interrupts.ts'
import { parseCount } from '../numbers.ts'
import { benchEngineCommand } from './bench-engine.ts'

interface Benchmark {
  readonly description: string
  /** Loaded when it is asked for: a benchmark may need what nothing else does. */
  readonly run: (seed: number) => Promise<BenchDocument>
}

/** A new benchmark is a file in node/bench and an entry here. */
const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  attest: {
    description: 'verdicts on TDX, SEV-SNP and GPU evidence, beside their signature checks alone',
    run: async (seed) => (await import('#node/bench/attest.ts')).benchAttest(seed),
  },
  model: {
    description: 'the demonstration model: held-out paraphrases, refusals and skills',
    run: async (seed) => (await import('#node/bench/model.ts')).benchModel(seed),
  },
  verify: {
    description: 'replays of answers: honest ones, fewer bits, another model',
    run: async (seed) => (await import('#node/bench/verify/bench-verify.ts')).benchVerify(seed),
  },
  settlement: {
    description: 'vouchers, claims and the embedded chain, beside the signatures they rest on',
    run: async (seed) => (await import('#node/bench/settlement.ts')).benchSettlement(seed),
  },
}

const DEFAULT_SEED = 1

interface BenchOptions {
  readonly json?: boolean
  readonly seed: number
}

export function benchCommand(program: Command, context: CliContext): void {
  const { output } = context
  const bench = program
    .command('bench')
    .description('measure this machine; exit 0 whatever the figures say')
  for (const [name, { description, run }] of Object.entries(BENCHMARKS)) {
    bench
      .command(name)
      .description(description)
      .option('--seed <n>', 'makes the same input again', parseCount, DEFAULT_SEED)
      .option('--json', 'one JSON document to stdout')
      .action(async ({ json, seed }: BenchOptions) => {
        output.talk(`Measuring ${name} …`)
        const signal = context.interrupts.first
        const document = await withRemedy(signal, 'Run it again: it begins anew.', () =>
          unlessInterrupted(run(seed), signal),
        )
        if (json) output.json(document)
        else output.result(benchTable(document))
      })
  }
  benchEngineCommand(bench, context)
}
