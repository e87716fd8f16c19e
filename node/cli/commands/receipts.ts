/** `cocoon receipts list|show|verify|export`. */
import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { ReceiptVerdict } from '#node/receipts/verify.ts'
import { pairs, shortProvider, table } from '#node/text.ts'
import type { CliContext } from '../context.ts'
import { parseDate } from '../dates.ts'
import type { ExportReceiptsOptions } from '../export-receipts.ts'
import { EXIT } from '../failure.ts'
import type { Output } from '../output.ts'
import { effective, withSettings } from '../settings-options.ts'
import { localApi, type TargetOptions, withTarget } from '../target.ts'
import { failureText, verdictTable } from '../verdict-text.ts'
import type { VerifyTarget } from '../verify-receipt.ts'

interface VerifyOptions extends VerifyTarget {
  readonly saveRoots?: string
  readonly policy?: string
  readonly nrasUrl?: string
}

export function receiptsCommand(program: Command, context: CliContext): void {
  const receipts = program.command('receipts').description('receipts of the running client')
  withTarget(receipts.command('list', { isDefault: true }))
    .description('all receipts, newest first')
    .action((options: TargetOptions) => list(options, context))
  withTarget(receipts.command('show'))
    .description('one receipt')
    .argument('<id>', 'id of the receipt')
    .action((id: string, options: TargetOptions) => show(id, options, context))
  withSettings(withTarget(receipts.command('verify')), ['policy', 'nrasUrl'])
    .description('check a receipt file or a bundle; exit 5 and the failed step when it is not good')
    .argument('<file>', 'receipt file, or a bundle of `receipts export`')
    .option('--snapshot <file>', 'saved chain to check against (default: the one beside the file)')
    .option(
      '--roots <file>',
      'roots that somebody saw on the chain: nothing is asked over a network',
    )
    .option(
      '--save-roots <file>',
      'write what was seen on the chain, for --roots and other verifiers',
    )
    .option('--anchor-proof <file>', "place of the receipt in its provider's epoch anchor")
    .action((file: string, options: VerifyOptions) => verify(file, options, context))
  receipts
    .command('export')
    .description('receipts of a client as rows, or all files in one; oldest first')
    .option('--since <date>', 'only from this day or moment on, for example 2026-11-01', parseDate)
    .option('--csv', 'CSV, safe for spreadsheets')
    .option('--json', 'one JSON document a line (the default)')
    .option('--bundle', 'the receipt files themselves, in one file that `verify` takes')
    .option('--out <file>', 'write there instead of stdout')
    .option('--client <dir>', 'data folder of the client (default: the latest)')
    .action(async (options: ExportReceiptsOptions) => {
      const { exportReceipts } = await import('../export-receipts.ts')
      exportReceipts(options, context)
    })
}

async function list(options: TargetOptions, context: CliContext): Promise<void> {
  const { output, coins, settings } = context
  const receipts = await localApi(options, settings).receipts()
  if (options.json) return output.json(receipts)
  const text = table(receipts, [
    { title: 'RECEIPT', cell: (receipt) => receipt.id },
    { title: 'PROVIDER', cell: (receipt) => shortProvider(receipt.provider) },
    { title: 'MODEL', cell: (receipt) => receipt.model },
    { title: 'TOKENS', cell: (r) => `${r.promptTokens}+${r.completionTokens}`, align: 'right' },
    { title: 'PRICE', cell: (receipt) => coins(BigInt(receipt.usedNano)), align: 'right' },
    { title: 'FINISH', cell: (receipt) => receipt.finish },
  ])
  output.result(text)
}

async function show(id: string, options: TargetOptions, context: CliContext): Promise<void> {
  const { output, coins, settings } = context
  const receipt = await localApi(options, settings).receipt(id)
  if (options.json) return output.json(receipt)
  output.result(
    pairs([
      ['receipt', receipt.id],
      ['provider', receipt.provider],
      ['model', receipt.model],
      ['tokens', `${receipt.promptTokens} prompt, ${receipt.completionTokens} completion`],
      ['price', coins(BigInt(receipt.usedNano))],
      ['finish', receipt.finish],
      ['channel', `${receipt.channel}, leaf ${receipt.leafIndex}`],
      ['file', receipt.file],
    ]),
  )
}

async function verify(file: string, options: VerifyOptions, context: CliContext): Promise<void> {
  const { output } = context
  const { policy, nrasUrl } = options
  const settings = effective(context.settings, { policy, nrasUrl })
  // Loaded here only: verifying needs the chain's libraries, which take a second to load.
  const { receiptVerifier } = await import('../verify-receipt.ts')
  const { against, chain, verdicts } = receiptVerifier(file, options, settings)
  let isGood = true
  for await (const verdict of verdicts()) {
    isGood &&= verdict.ok
    if (options.json) output.json({ file, against, ...verdict })
    else showVerdict(verdict, against, output)
    if (!verdict.ok) tellRefusal(verdict, output)
  }
  if (options.saveRoots !== undefined) writeFileSync(options.saveRoots, chain.rootsFile())
  if (!isGood) context.exitWith(EXIT.attestation)
}

function showVerdict(verdict: ReceiptVerdict, against: string, output: Output): void {
  const outcome = verdict.ok ? verdict.level : 'REFUSED'
  output.result(verdictTable(verdict.steps))
  if (!verdict.ok) output.result(`\n${failureText(verdict.steps)}`)
  output.result(`\n${outcome}, tier ${verdict.tier}, checked against ${against}`)
}

function tellRefusal(verdict: ReceiptVerdict, output: Output): void {
  const failed = verdict.steps.filter(({ status }) => status === 'failed').map(({ name }) => name)
  output.talk(`cocoon: the receipt is refused at: ${failed.join(', ') || 'an unnamed step'}`, 'red')
}
