/** `cocoon registry show|propose|revoke|cancel|sign|submit|apply|rent`: advisory registries, read and decided. */
import { type Command, InvalidArgumentError } from 'commander'
import { pairs } from '#node/text.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { CliContext } from '../context.ts'
import { EXIT } from '../failure.ts'
import { parseCoins } from '../numbers.ts'
import type { PeerCommandOptions } from '../options.ts'
import { registryAddresses } from '../registry-addresses.ts'
import { type Spending, type SpendOptions, withSpending } from '../spend.ts'
import type { TargetOptions } from '../target.ts'

/** Loaded here only: the chain's libraries take a second. */
const load = () => import('../registry-desk.ts')

type DraftOptions = TargetOptions & { readonly terms: string; readonly out: string }
type SendOptions = PeerCommandOptions & SpendOptions

export function registryCommand(program: Command, context: CliContext): void {
  const registry = program
    .command('registry')
    .description('advisory registries: what they list and revoke, and deciding it')
  registry
    .command('show', { isDefault: true })
    .description('what a registry says of the policy and the releases in use here; exit 5: revoked')
    .argument('[address]', 'default: those of the configuration')
    .option('--network <file>', 'network file')
    .option('--json', 'one JSON document a line')
    .action((address: string | undefined, options: TargetOptions) =>
      show(address, options, context),
    )
  drafting(registry.command('propose'))
    .description('draft an addition, which waits out the timelock')
    .argument('<addition>', 'JSON file: a policy, a model or a measurement')
    .action((file: string, options: DraftOptions) => propose(file, options, context))
  drafting(registry.command('revoke'))
    .description('draft a revocation, which takes effect at once and for good')
    .argument('<key>', 'model root, runtime digest, measurement or policy digest', parseKey)
    .action((key: Uint8Array, options: DraftOptions) => revoke(key, options, context))
  drafting(registry.command('cancel'))
    .description('draft the end of a proposal that was submitted, which takes effect at once')
    .argument('<file>', 'draft of the proposal')
    .action((file: string, options: DraftOptions) => cancel(file, options, context))
  registry
    .command('sign')
    .description("add an owner's signature to a draft; needs no chain")
    .argument('<file>', 'draft')
    .requiredOption('--key <file>', 'the seed of an owner: 64 hexadecimal digits, mode 0600')
    .action((file: string, options: { readonly key: string }) => sign(file, options.key, context))
  sending(registry.command('submit'))
    .description('bring a signed draft to the chain; anybody may')
    .argument('<file>', 'draft')
    .action((file: string, options: SendOptions) => send('submit', file, options, context))
  sending(registry.command('apply'))
    .description('make a submitted proposal true, after its timelock; anybody may')
    .argument('<file>', 'draft')
    .action((file: string, options: SendOptions) => send('apply', file, options, context))
  sending(registry.command('rent'))
    .description('leave coins for the rent of a registry; anybody may, and they do not come back')
    .argument('<coins>', 'such as 0.5', parseCoins)
    .requiredOption('--terms <file>', 'terms of the registry')
    .action((amountNano: bigint, options: SendOptions & { readonly terms: string }) =>
      payRent(amountNano, options, context),
    )
}

const drafting = (command: Command): Command =>
  command
    .requiredOption('--terms <file>', 'terms of the registry')
    .requiredOption('--out <file>', 'the draft, which must not be there yet')
    .option('--network <file>', 'network file')

const sending = (command: Command): Command =>
  withSpending(
    command
      .option('--network <file>', 'network file')
      .option('--data <dir>', 'data folder of the client whose wallet pays'),
  )

async function show(
  address: string | undefined,
  options: TargetOptions,
  context: CliContext,
): Promise<void> {
  const { readRegistryHere } = await load()
  const named = address === undefined ? context.settings.registries : [address]
  if (named.length === 0) {
    throw new ConfigError('USAGE', 'no registry is named and none is configured', {
      remedy: 'Name an address, or `cocoon config set registries ADDRESS`.',
    })
  }
  for (const one of registryAddresses(named)) {
    const { registry, policy, revoked } = await readRegistryHere(one, options, context)
    const active = [...registry.entries].filter(([, { status }]) => status === 'active').length
    const document = {
      address: one,
      sequence: registry.sequence,
      epoch: registry.policy?.epoch ?? 0,
      policyHash: registry.policy === undefined ? null : toHex(registry.policy.policyHash),
      policy,
      active,
      revoked: registry.entries.size - active,
      proposals: registry.proposals.size,
      revokedInUse: revoked ?? null,
    }
    if (options.json) context.output.json(document)
    else context.output.result(textOf(document))
    if (revoked !== undefined) {
      context.output.talk(`cocoon: the registry revoked ${revoked.what}: it is refused`, 'red')
      context.exitWith(EXIT.attestation)
    }
  }
}

const POLICY_TEXT = {
  none: 'it lists none',
  same: 'the one in force here',
  other: 'another one than here; it is advice and changes nothing by itself',
}

function textOf(document: {
  readonly address: string
  readonly sequence: number
  readonly epoch: number
  readonly policy: keyof typeof POLICY_TEXT
  readonly active: number
  readonly revoked: number
  readonly proposals: number
  readonly revokedInUse: { readonly what: string; readonly key: string } | null
}): string {
  const { revokedInUse } = document
  return pairs([
    ['registry', document.address],
    ['decisions', `${document.sequence}`],
    ['policy epoch', `${document.epoch}`],
    ['policy', POLICY_TEXT[document.policy]],
    ['entries', `${document.active} active, ${document.revoked} revoked`],
    ['proposals', `${document.proposals} waiting`],
    [
      'revoked here',
      revokedInUse === null ? 'nothing' : `${revokedInUse.what}, ${revokedInUse.key}`,
    ],
  ])
}

async function propose(file: string, options: DraftOptions, context: CliContext): Promise<void> {
  const { draftAction, proposalIn } = await load()
  const decision = proposalIn(file)
  tellDraft(
    await draftAction(options.terms, decision, options.out, options, context),
    options,
    context,
  )
}

async function revoke(key: Uint8Array, options: DraftOptions, context: CliContext): Promise<void> {
  const { draftAction } = await load()
  const decision = { kind: 'revoke', key } as const
  tellDraft(
    await draftAction(options.terms, decision, options.out, options, context),
    options,
    context,
  )
}

async function cancel(file: string, options: DraftOptions, context: CliContext): Promise<void> {
  const { cancellation, draftAction, readAction } = await load()
  const decision = cancellation(readAction(file))
  tellDraft(
    await draftAction(options.terms, decision, options.out, options, context),
    options,
    context,
  )
}

async function payRent(
  amountNano: bigint,
  options: SendOptions & { readonly terms: string },
  context: CliContext,
): Promise<void> {
  const { rentPayment } = await load()
  const message = rentPayment(options.terms, amountNano)
  await sendMessage({ what: 'pays rent', message, movesNano: amountNano }, options, context)
}

function tellDraft(
  { registry, sequence }: { readonly registry: string; readonly sequence: number },
  { out }: DraftOptions,
  { output }: CliContext,
): void {
  output.talk(`decision ${sequence} of ${registry} in ${out}: let owners sign it, then submit it`)
}

async function sign(file: string, keyFile: string, { output }: CliContext): Promise<void> {
  const { decisionText, readAction, signActionFile } = await load()
  output.talk(decisionText(readAction(file)))
  const { signatures } = signActionFile(file, keyFile)
  output.result(`${Object.keys(signatures).length} signatures in ${file}`)
}

async function send(
  verb: 'submit' | 'apply',
  file: string,
  options: SendOptions,
  context: CliContext,
): Promise<void> {
  const { application, decisionText, readAction, submission } = await load()
  const action = readAction(file)
  const message = verb === 'submit' ? submission(action) : application(action)
  const what = verb === 'submit' ? decisionText(action) : `applies ${decisionText(action)}`
  await sendMessage({ what, message, movesNano: 0n }, options, context)
}

async function sendMessage(
  spending: Spending,
  options: SendOptions,
  context: CliContext,
): Promise<void> {
  const { spend } = await import('../spend.ts')
  const { withOwner } = await import('../owner.ts')
  await withOwner('client', options, context, ({ openWallet }) =>
    spend(spending, options, openWallet, context),
  )
}

function parseKey(text: string): Uint8Array {
  if (/^[0-9a-f]{64}$/.test(text)) return fromHex(text)
  throw new InvalidArgumentError('It must be 64 hexadecimal digits.')
}
