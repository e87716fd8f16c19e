/** `cocoon attest quote|verify|launch|self-test`. */
import { type Command, Option } from 'commander'
import { TEE_CHOICES } from '#node/evidence/choose.ts'
import type { AttestLaunchOptions } from '../attest/launch.ts'
import type { AttestQuoteOptions } from '../attest/quote.ts'
import type { SelfTestOptions } from '../attest/self-test.ts'
import type { AttestVerifyOptions } from '../attest/verify.ts'
import type { CliContext } from '../context.ts'
import { EXIT } from '../failure.ts'
import { failureText, verdictTable } from '../verdict-text.ts'

export function attestCommand(program: Command, context: CliContext): void {
  const attest = program.command('attest').description('evidence of TEEs: make, check, self-test')
  quoteCommand(attest, context)
  verifyCommand(attest, context)
  attest
    .command('launch')
    .description('digests of a launch description, and of the runtime that a policy lists for it')
    .argument('<file>', 'launch description')
    .option('--model-folder <dir>', 'compare every file that it names with what lies here')
    .option('--json', 'one JSON document to stdout')
    .action(async (file: string, options: AttestLaunchOptions) => {
      const { attestLaunch } = await import('../attest/launch.ts')
      await attestLaunch(file, options, context)
    })
  attest
    .command('self-test')
    .description('run the corpus of good and forged evidence; exit 5 when a verdict differs')
    .option('--corpus <dir>', 'folder of cases (default: the one that comes with the program)')
    .option('--json', 'one JSON document to stdout')
    .action(async (options: SelfTestOptions) => {
      const { selfTest } = await import('../attest/self-test.ts')
      if (!(await selfTest(options, context))) context.exitWith(EXIT.attestation)
    })
}

function quoteCommand(attest: Command, context: CliContext): void {
  attest
    .command('quote')
    .description('evidence of this machine over a statement with fresh keys, as a bundle')
    .option('--out <file>', 'save the bundle here')
    .option('--network <file>', 'network file (default: of the running testnet)')
    .option('--data <dir>', 'folder of the testnet (env COCOON_DATA names its parent)')
    .addOption(
      new Option('--tee <kind>', 'what makes the quote').choices(TEE_CHOICES).default('auto'),
    )
    .option('--pccs <url>', "base URL of a PCCS, asked before Intel's service")
    .option('--json', 'one JSON document to stdout')
    .action(async (options: AttestQuoteOptions) => {
      const { makeQuote } = await import('../attest/quote.ts')
      await makeQuote(options, context)
    })
}

function verifyCommand(attest: Command, context: CliContext): void {
  attest
    .command('verify')
    .description('check a bundle, TDX quote, SNP report or NVIDIA report; exit 5 when refused')
    .argument('<file>', 'evidence, in binary or hexadecimal')
    .option(
      '--collateral <file>',
      'TDX: collateral of PCS, or saved; SEV-SNP: AMD’s revocation list',
    )
    .option('--certs <file...>', 'certificates, leaf first (SEV-SNP, NVIDIA), DER or PEM')
    .option(
      '--policy <file>',
      'policy to judge by (default: of the network, or the production one)',
    )
    .option('--network <file>', 'network file: global id, roots, policy, and the chain to ask')
    .option('--at <time>', 'time to judge at (default: now), for example 2026-11-22T12:30:00Z')
    .option('--identity <hex>', 'identity key that a bundle must name')
    .option('--model-root <hex>', 'model root that a bundle must name')
    .option('--nonce <hex>', 'client nonce that a challenge bundle must answer')
    .option('--allow-unbound', 'good although nothing ties it to a peer, a model or a moment')
    .option('--json', 'one JSON document to stdout')
    .action((file: string, options: AttestVerifyOptions) => verify(file, options, context))
}

async function verify(
  file: string,
  options: AttestVerifyOptions,
  context: CliContext,
): Promise<void> {
  const { output } = context
  const { verifyEvidenceFile } = await import('../attest/verify.ts')
  const appraisal = await verifyEvidenceFile(file, options)
  if (options.json === true) output.json({ file, ...appraisal })
  else {
    const { form, tier, ok, bound, steps } = appraisal
    output.result(verdictTable(steps))
    const failures = failureText(steps)
    if (failures !== '') output.result(`\n${failures}`)
    const binding = bound ? 'bound' : 'not bound to a peer, a model or a moment'
    // What is refused has no tier: a label would say more than was shown.
    const outcome = ok ? `ACCEPTED: ${form}, tier ${tier}` : `REFUSED: ${form}, no tier`
    output.result(`\n${outcome}, ${binding}`)
  }
  if (appraisal.ok) return
  const failed = appraisal.steps.filter(({ status }) => status === 'failed')
  const missing = appraisal.steps.filter(({ status }) => status === 'skipped')
  const names = (failed.length > 0 ? failed : missing).map(({ name }) => name)
  const what = failed.length > 0 ? 'failed' : 'not judged'
  output.talk(`cocoon: the evidence is refused; ${what}: ${names.join(', ')}`, 'red')
  context.exitWith(EXIT.attestation)
}
