/** `cocoon receipts list|show|verify`. */
import type { Command } from 'commander'
import { pairs, shortProvider, table } from '#node/text.ts'
import type { CliContext } from '../context.ts'
import { EXIT } from '../failure.ts'
import { localApi, type TargetOptions, withTarget } from '../target.ts'
import { verdictTable } from '../verdict-text.ts'
import type { VerifyTarget } from '../verify-receipt.ts'

export function receiptsCommand(program: Command, context: CliContext): void {
  const receipts = program.command('receipts').description('receipts of the running client')
  withTarget(receipts.command('list', { isDefault: true }))
    .description('all receipts, newest first')
    .action((options: TargetOptions) => list(options, context))
  withTarget(receipts.command('show'))
    .description('one receipt')
    .argument('<id>', 'id of the receipt')
    .action((id: string, options: TargetOptions) => show(id, options, context))
  withTarget(receipts.command('verify'))
    .description('check a receipt file; exit 5 and the failed step when it is not good')
    .argument('<file>', 'receipt file')
    .option('--snapshot <file>', 'saved chain to check against (default: the one beside the file)')
    .action((file: string, options: VerifyTarget) => verify(file, options, context))
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

async function verify(file: string, options: VerifyTarget, context: CliContext): Promise<void> {
  const { output, settings } = context
  // Loaded here only: verifying needs the chain's libraries, which take a second to load.
  const { verifyReceipt } = await import('../verify-receipt.ts')
  const { verdict, against } = await verifyReceipt(file, options, settings)
  if (options.json) output.json({ file, against, ...verdict })
  else {
    output.result(verdictTable(verdict.steps))
    output.result(
      `\n${verdict.ok ? verdict.level : 'REFUSED'}, tier ${verdict.tier}, checked against ${against}`,
    )
  }
  if (verdict.ok) return
  const failed = verdict.steps.filter(({ status }) => status === 'failed').map(({ name }) => name)
  output.talk(`cocoon: the receipt is refused at: ${failed.join(', ') || 'an unnamed step'}`, 'red')
  context.exitWith(EXIT.attestation)
}
