/** What `cocoon testnet` prints once: what is where, and at the end the books of the chain. */
import type { ChainTotals } from '#node/testnet/devchain-rpc.ts'
import type { RunningTestnet } from '#node/testnet/testnet.ts'
import { type Coins, pairs, shortAddress, table } from '#node/text.ts'

export function testnetBanner(testnet: RunningTestnet, coins: Coins): string {
  const peers = table(testnet.peers(), [
    { title: 'PEER', cell: (peer) => peer.name },
    { title: 'PID', cell: (peer) => String(peer.pid), align: 'right' },
    { title: 'IDENTITY', cell: (peer) => peer.peerId },
    { title: 'ADDRESS', cell: (peer) => (peer.addresses[0] ?? '-').replace(/\/p2p\/.*$/, '') },
  ])
  const wallets = table(testnet.wallets, [
    { title: 'WALLET', cell: (wallet) => wallet.name },
    { title: 'ADDRESS', cell: (wallet) => wallet.address },
    { title: 'FUNDED', cell: (wallet) => coins(wallet.nano), align: 'right' },
  ])
  const places = pairs([
    ['OpenAI API', `${testnet.apiUrl}/v1`],
    ['chain', testnet.chainUrl],
    ['model', `${testnet.model.id}, root ${shortAddress(testnet.model.root)}`],
    ['data', testnet.run.dir],
    ['network file', testnet.run.networkFile],
  ])
  return `\n${peers}\n\n${wallets}\n\n${places}\n\n${curlLine(testnet)}\n`
}

function curlLine({ apiUrl, model }: RunningTestnet): string {
  const body = {
    model: model.id,
    messages: [{ role: 'user', content: 'What is Cocoon?' }],
    stream: true,
  }
  const header = "-H 'content-type: application/json'"
  return `curl -N ${apiUrl}/v1/chat/completions ${header} -d '${JSON.stringify(body)}'`
}

/** genesis = balances (wallets and channels) + fees, to the last nano unit. */
export function conservationLine(
  totals: ChainTotals,
  coins: Coins,
): { readonly line: string; readonly conserved: boolean } {
  const { genesisNano, balancesNano, feesNano } = totals
  const difference = genesisNano - balancesNano - feesNano
  const conserved = difference === 0n
  const sum = `${coins(balancesNano)} in wallets and channels + ${coins(feesNano)} fees`
  const line = conserved
    ? `conserved: ${sum} = ${coins(genesisNano)} genesis`
    : `NOT CONSERVED: ${sum} differs from ${coins(genesisNano)} genesis by ${coins(difference)}`
  return { line, conserved }
}
