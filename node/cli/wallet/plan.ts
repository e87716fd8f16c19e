/** What a withdrawal will do: the exact messages, fees at the chain's own prices, what stays behind. */
import { Address, Cell } from '@ton/core'
import { type Coins, pairs, shortAddress } from '#node/text.ts'
import { type HeldBack, heldBack } from '#node/wallet/held-back.ts'
import { friendlyAddress } from '#node/wallet/links.ts'
import { ConfigError, SettlementError } from '#protocol/errors.ts'
import { operationFeeNano, sendFeeNano } from '#settlement/fees/operations.ts'
import { readPrices } from '#settlement/fees/prices.ts'
import type { WalletMessage } from '#settlement/types.ts'
import type { WalletHome } from './home.ts'
import { storedChannels } from './stored-channels.ts'

export interface WithdrawalWish {
  readonly to: string
  /** Undefined: all. */
  readonly nano: bigint | undefined
  readonly closes: boolean
}

export interface Withdrawal {
  readonly home: WalletHome
  readonly payment: WalletMessage
  /** About what arrives. */
  readonly receivedNano: bigint
  readonly feesNano: bigint
  readonly balanceNano: bigint
  readonly balanceAfterNano: bigint
  readonly held: readonly HeldBack[]
  /** Done first, in one wallet message. */
  readonly steps: readonly HeldBack[]
  /** The most that the steps cost. */
  readonly changeNano: bigint
}

/** @throws ConfigError WALLET_ADDRESS; SettlementError WALLET_BALANCE; UnavailableError CHAIN_UNREACHABLE */
export async function planWithdrawal(home: WalletHome, wish: WithdrawalWish): Promise<Withdrawal> {
  const { access, chain, address, network, wallet, networkDir } = home
  const to = destination(wish.to, home)
  const prices = await readPrices(access)
  const balanceNano = await chain.balance(address)
  const isDeployed = (await chain.transactions(address, 1)).some(
    ({ opcode }) => opcode !== undefined,
  )
  const sender = { publicKey: wallet.publicKey, globalId: network.globalId, isDeployed }
  const held = await heldBack(chain, storedChannels(networkDir))
  const steps = wish.closes ? held.filter(({ step }) => step !== undefined) : []
  const messages = steps.flatMap(({ step }) => step?.message ?? [])
  const stepFees = steps.map(({ step }) => (step ? operationFeeNano(prices, step.operation) : 0n))
  const changeNano =
    messages.length === 0
      ? 0n
      : stepFees.reduce((sum, fee) => sum + fee, await sendFeeNano(prices, sender, messages))
  const isWholeBalance = wish.nano === undefined
  const payment = { to, valueNano: wish.nano ?? 0n, body: Cell.EMPTY, isWholeBalance }
  const feesNano = changeNano + (await sendFeeNano(prices, sender, [payment]))
  const receivedNano = wish.nano ?? balanceNano - feesNano
  if (receivedNano <= 0n || receivedNano + feesNano > balanceNano) {
    throw new SettlementError('WALLET_BALANCE', 'the wallet does not hold that much and the fees', {
      remedy: 'Withdraw less, or fund it first; --dry-run shows the fees.',
      data: { neededNano: receivedNano + feesNano, balanceNano },
    })
  }
  const balanceAfterNano = balanceNano - receivedNano - feesNano
  return {
    ...{ home, payment, receivedNano, feesNano, balanceNano, balanceAfterNano },
    ...{ held, steps, changeNano },
  }
}

/** @throws ConfigError WALLET_ADDRESS */
function destination(text: string, { address, network }: WalletHome): Address {
  const wrong = (why: string) =>
    new ConfigError('WALLET_ADDRESS', `coins cannot go there: ${why}`, {
      remedy: 'Copy the whole address from the wallet that should get them.',
    })
  let to: Address
  let isTestOnly = false
  try {
    to = Address.parse(text)
    isTestOnly = Address.isFriendly(text) && Address.parseFriendly(text).isTestOnly
  } catch {
    throw wrong('it is no TON address, or a letter of it is wrong')
  }
  if (to.equals(address)) throw wrong('it is this very wallet')
  if (isTestOnly && network.globalId === MAINNET_GLOBAL_ID) throw wrong('it is for test networks')
  return to
}

const MAINNET_GLOBAL_ID = -239

export function planDocument(plan: Withdrawal) {
  const { home, payment, steps } = plan
  const line = (message: WalletMessage) => ({
    to: message.to.toRawString(),
    valueNano: message.isWholeBalance ? 'all' : `${message.valueNano}`,
    bodyHash: message.body.hash().toString('hex'),
  })
  return {
    network: home.network.name,
    from: home.address.toRawString(),
    to: payment.to.toRawString(),
    receivedNano: `${plan.receivedNano}`,
    feesNano: `${plan.feesNano}`,
    balanceNano: `${plan.balanceNano}`,
    balanceAfterNano: `${plan.balanceAfterNano}`,
    messages: [...steps.flatMap(({ step }) => step?.message ?? []), payment].map(line),
    heldBack: plan.held.map(({ channel, nano, freeAtS, step }) => ({
      ...{ channel, nano: `${nano}`, freeAtS },
      step: step?.operation ?? null,
    })),
  }
}

export function planText(plan: Withdrawal, home: WalletHome, coins: Coins): string {
  const { payment, held, steps } = plan
  const lines = pairs([
    ['network', home.network.name],
    ['from', friendlyAddress(home.address, home.network.globalId, false)],
    ['to', friendlyAddress(payment.to, home.network.globalId, false)],
    ['arrives', `${payment.isWholeBalance ? 'all, about ' : ''}${coins(plan.receivedNano)}`],
    ['fees', `about ${coins(plan.feesNano)}`],
    ['balance', `${coins(plan.balanceNano)}, then about ${coins(plan.balanceAfterNano)}`],
    ...steps.map(
      ({ channel, step }) => ['first', `${step?.operation} ${shortAddress(channel)}`] as const,
    ),
  ])
  const stays = held.map(({ channel, nano, freeAtS, step }) => {
    const when = new Date(freeAtS * 1_000).toISOString()
    const how = step === undefined ? 'from' : `--close does ${step.operation} now, then from`
    return `  ${coins(nano)} in channel ${shortAddress(channel)}: ${how} ${when}`
  })
  if (stays.length === 0) return lines
  return [lines, 'not in the wallet yet:', ...stays].join('\n')
}
