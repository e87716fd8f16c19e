/** `cocoon wallet fund`: links and a QR code for a wallet app; on an embedded chain, coins worth nothing. */
import { renderUnicodeCompact } from 'uqr'
import { TESTNET_GLOBAL_ID } from '#node/testnet/constants.ts'
import { devchainRpc } from '#node/testnet/devchain-rpc.ts'
import { friendlyAddress, fundingLinks } from '#node/wallet/links.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { CliContext } from '../context.ts'
import { type WalletOptions, walletHome } from './home.ts'

export interface FundOptions extends WalletOptions {
  readonly qr?: boolean
  readonly faucet?: boolean
}

/** 100 coins of an embedded chain. */
const FAUCET_NANO = 100_000_000_000n

export async function fundWallet(
  nano: bigint | undefined,
  options: FundOptions,
  context: CliContext,
): Promise<void> {
  const { output, coins } = context
  const home = walletHome(options, context)
  const { address, network } = home
  const { globalId } = network
  if (options.faucet) {
    if (globalId !== TESTNET_GLOBAL_ID) throw noFaucet(network.name)
    const givenNano = nano ?? FAUCET_NANO
    await devchainRpc(network.chainUrl).fund(address.toRawString(), givenNano)
    const balanceNano = `${await home.chain.balance(address)}`
    if (options.json) return output.json({ givenNano: `${givenNano}`, balanceNano })
    return output.result(
      `given ${coins(givenNano)}, the wallet holds ${coins(BigInt(balanceNano))}`,
    )
  }
  const links = fundingLinks(address, globalId, nano)
  const friendly = friendlyAddress(address, globalId, false)
  if (options.json) {
    const amountNano = nano === undefined ? null : `${nano}`
    return output.json({ address: friendly, network: network.name, amountNano, ...links })
  }
  const amount = nano === undefined ? 'coins' : coins(nano)
  output.talk(`send ${amount} on network ${network.name} to`)
  output.result([friendly, links.transfer, links.universal].join('\n'))
  if (options.qr || output.terminal.isTTY) output.result(renderUnicodeCompact(links.transfer))
}

function noFaucet(network: string): ConfigError {
  return new ConfigError('NO_FAUCET', `the coins of ${network} are not given away`, {
    remedy: 'Send coins to the address that `cocoon wallet fund` prints.',
  })
}
