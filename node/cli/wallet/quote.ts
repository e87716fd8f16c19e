/** `cocoon wallet quote`: what a deposit, a claim, a close and a request cost, before any of them. */
import { Cell } from '@ton/core'
import { pairs } from '#node/text.ts'
import {
  type ChannelOperation,
  operationFeeNano,
  sendFeeNano,
} from '#settlement/fees/operations.ts'
import { readPrices } from '#settlement/fees/prices.ts'
import type { CliContext } from '../context.ts'
import { localApi } from '../target.ts'
import { type WalletOptions, walletHome } from './home.ts'

export interface QuoteOptions extends WalletOptions {
  readonly model?: string
  readonly promptTokens: number
  readonly tokens: number
}

const OPERATIONS: readonly (readonly [string, ChannelOperation])[] = [
  ['deposit', 'topUp'],
  ['claim', 'claim'],
  ['close together', 'coopClose'],
  ['close alone', 'startClose'],
  ['finish', 'finish'],
]

const TOKENS_OF_A_PRICE = 1_000_000n

export async function quote(options: QuoteOptions, context: CliContext): Promise<void> {
  const { output, coins, settings } = context
  const { access, address, network, wallet } = walletHome(options, context)
  const prices = await readPrices(access)
  const sender = { publicKey: wallet.publicKey, globalId: network.globalId, isDeployed: true }
  const transfer = { to: address, valueNano: 1n, body: Cell.EMPTY }
  const sendNano = await sendFeeNano(prices, sender, [transfer])
  const fees = OPERATIONS.map(([name, operation]) => ({
    name,
    feeNano: sendNano + operationFeeNano(prices, operation),
  }))
  const request = options.model === undefined ? undefined : await requestNano(options, context)
  if (options.json) {
    return output.json({
      network: network.name,
      symbol: settings.coinSymbol,
      transferNano: `${sendNano}`,
      depositNano: `${settings.depositNano}`,
      operations: fees.map(({ name, feeNano }) => ({ name, feeNano: `${feeNano}` })),
      request:
        request === undefined ? null : { fromNano: `${request.from}`, toNano: `${request.to}` },
    })
  }
  output.result(
    pairs([
      ['transfer', coins(sendNano)],
      ...fees.map(({ name, feeNano }) => [name, coins(feeNano)] as const),
      ...(request === undefined
        ? []
        : [['request', `${coins(request.from)} to ${coins(request.to)}`] as const]),
    ]),
  )
}

/** At the prices of the offers that the running client knows, cheapest to dearest. */
async function requestNano(
  { model, promptTokens, tokens, network }: QuoteOptions,
  { settings }: CliContext,
): Promise<{ readonly from: bigint; readonly to: bigint } | undefined> {
  const target = network === undefined ? {} : { network }
  const offers = await localApi(target, settings).offers()
  const costs = offers
    .filter((offer) => offer.modelId === model)
    .map(({ promptNanoPerMtok, completionNanoPerMtok }) => {
      const prompt = BigInt(promptNanoPerMtok) * BigInt(promptTokens)
      const exact = prompt + BigInt(completionNanoPerMtok) * BigInt(tokens)
      return (exact + TOKENS_OF_A_PRICE - 1n) / TOKENS_OF_A_PRICE
    })
    .sort((a, b) => (a < b ? -1 : 1))
  const [from] = costs
  const to = costs[costs.length - 1]
  return from === undefined || to === undefined ? undefined : { from, to }
}
