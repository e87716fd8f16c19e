/** `cocoon wallet withdraw`: plan, confirmation, sending; nothing is signed before the plan was agreed to. */
import { sleep } from '#node/async.ts'
import { systemClock } from '#node/clock.ts'
import { openDataFolder } from '#node/store/data-folder.ts'
import type { HeldBack } from '#node/wallet/held-back.ts'
import { journalFile } from '#node/wallet/journal-file.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import { CALL_ATTACHED_NANO } from '#settlement/constants.ts'
import type { Wallet, WalletMessage } from '#settlement/types.ts'
import { openWallet } from '#settlement/wallet/wallet.ts'
import type { CliContext } from '../context.ts'
import { walletPassphrase } from '../passphrase.ts'
import type { Prompt } from '../prompt.ts'
import { effective } from '../settings-options.ts'
import { type WalletHome, type WalletOptions, walletHome } from './home.ts'
import { planDocument, planText, planWithdrawal, type Withdrawal } from './plan.ts'

export interface WithdrawOptions extends WalletOptions {
  readonly all?: boolean
  /** Does what can be done now to free what channels hold. */
  readonly close?: boolean
  readonly yes?: boolean
  readonly dryRun?: boolean
}

/** Looks at the balance while the change of closed channels comes back. */
const CHANGE_POLLS_MAX = 50
const CHANGE_POLL_MS = 200

/**
 * @throws ConfigError USAGE, WALLET_ADDRESS, CONFIRMATION_NEEDED, WALLET_PASSPHRASE
 * @throws SettlementError WALLET_BALANCE, TRANSACTION_FAILED
 * @throws UnavailableError STORE_LOCKED while the peer runs, CHAIN_UNREACHABLE
 */
export async function withdraw(
  to: string,
  nano: bigint | undefined,
  options: WithdrawOptions,
  context: CliContext,
  prompt: Prompt,
): Promise<void> {
  const { output, interrupts } = context
  if ((nano === undefined) !== (options.all === true)) {
    throw new ConfigError('USAGE', 'name an amount, or --all')
  }
  const home = walletHome(options, context)
  // The peer of this folder signs with the same wallet: one of the two at a time.
  const folder = openDataFolder(home.dataDir)
  try {
    const plan = await planWithdrawal(home, { to, nano, closes: options.close === true })
    if (options.dryRun) return tell(plan, { sent: false }, options, context)
    if (!options.json) output.talk(planText(plan, home, context.coins))
    if (!options.yes) await confirm(prompt)
    const wallet = await openFor(home, options, context, prompt)
    const earlier = await wallet.recover(interrupts.first)
    if (earlier !== 'nothing') throw wasInFlight(earlier)
    const unfinished = await closeChannels(plan, wallet, home)
    const { feesNano } = await wallet.send([plan.payment], interrupts.first)
    const balanceNano = `${await wallet.balance()}`
    tell(plan, { sent: true, feesNano: `${feesNano}`, balanceNano, unfinished }, options, context)
  } finally {
    folder.release()
  }
}

function tell(
  plan: Withdrawal,
  done: Readonly<Record<string, unknown>>,
  { json }: WithdrawOptions,
  { output, coins }: CliContext,
): void {
  if (json) output.json({ ...planDocument(plan), ...done })
  else if (done['sent'] !== true) output.result(planText(plan, plan.home, coins))
  else output.result(`sent; the wallet holds ${coins(BigInt(String(done['balanceNano'])))}`)
}

async function confirm(prompt: Prompt): Promise<void> {
  if (!prompt.isInteractive) {
    throw new ConfigError('CONFIRMATION_NEEDED', 'nobody can be asked whether this is right', {
      remedy: 'Look at it with --dry-run, then pass --yes.',
    })
  }
  if (await prompt.confirm('Send this?')) return
  throw new UnavailableError('INTERRUPTED', 'not confirmed', { remedy: 'Nothing was sent.' })
}

async function openFor(
  { wallet, access, others, networkDir, address }: WalletHome,
  { walletPassphraseFile }: WithdrawOptions,
  { settings }: CliContext,
  prompt: Prompt,
): Promise<Wallet> {
  const sources = effective(settings, { walletPassphraseFile })
  const signer = await wallet.open(() => walletPassphrase(sources, prompt))
  const journal = journalFile(networkDir, address)
  return openWallet({ access, others, crypto, clock: systemClock, signer, sleep, journal })
}

/** One message for all channels. Returns those whose contract refused. */
async function closeChannels(
  { steps, changeNano }: Withdrawal,
  wallet: Wallet,
  { chain, address }: WalletHome,
): Promise<readonly string[]> {
  if (steps.length === 0) return []
  const before = await chain.balance(address)
  const { outcomes } = await wallet.sendEach(steps.map(({ step }) => messageOf(step)))
  // What the calls brought too much comes back a block later; what is missing is less than one call.
  const back = before - changeNano - CALL_ATTACHED_NANO / 2n
  for (let poll = 0; poll < CHANGE_POLLS_MAX; poll++) {
    if ((await chain.balance(address)) >= back) break
    await sleep(CHANGE_POLL_MS)
  }
  return steps.filter((_, at) => outcomes[at]?.status !== 'executed').map(({ channel }) => channel)
}

function messageOf(step: HeldBack['step']): WalletMessage {
  if (step === undefined) throw new Error('a step without a message is never planned')
  return step.message
}

function wasInFlight(earlier: string): UnavailableError {
  return new UnavailableError(
    'WALLET_WAS_IN_FLIGHT',
    `an earlier payment was in flight: ${earlier}`,
    {
      remedy: 'Nothing was sent now. Look at `cocoon wallet show`, then decide again.',
    },
  )
}
