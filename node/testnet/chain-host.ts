/** The embedded chain in a process of its own, with every wallet funded at its beginning. */
import { UnavailableError } from '#protocol/errors.ts'
import { type Child, startChild } from './child-process.ts'
import {
  CHAIN_READY_TIMEOUT_MS,
  CLIENT_GENESIS_NANO,
  PROVIDER_GENESIS_NANO,
  TESTNET_GLOBAL_ID,
} from './constants.ts'
import type { PeerPlan, TestnetPlan } from './derive.ts'
import { devchainRpc } from './devchain-rpc.ts'
import { type RunFolder, writePrivateFile } from './run-folder.ts'

export interface ChainHost {
  readonly child: Child
  /** Endpoint for `TonClient`. */
  readonly url: string
}

export interface WalletFunding {
  readonly name: string
  readonly address: string
  readonly nano: bigint
}

/** @throws UnavailableError CHILD_EXITED, CHILD_SLOW */
export async function startChainHost(
  run: RunFolder,
  modulePath: string,
  onExit: (reason: string) => void,
): Promise<ChainHost> {
  const configFile = run.configFile('chain')
  writePrivateFile(configFile, JSON.stringify({ globalId: TESTNET_GLOBAL_ID, port: 0 }))
  const { child, ready } = await startChild({
    name: 'chain',
    modulePath,
    configFile,
    logFile: run.logFile('chain'),
    readyTimeoutMs: CHAIN_READY_TIMEOUT_MS,
    onMessage: () => undefined,
    onExit: ({ code, signal }) => onExit(signal ?? `code ${code}`),
  })
  if (ready.kind === 'chain-ready') return { child, url: ready.url }
  throw new UnavailableError('CHILD_EXITED', `the chain said ${ready.kind}`)
}

/** Clients get what they spend, providers what their claims cost. */
export async function fundWallets(
  url: string,
  plan: TestnetPlan,
  walletAddress: (seed: Uint8Array) => string,
): Promise<readonly WalletFunding[]> {
  const funding = (nano: bigint) => (peer: PeerPlan) => ({
    name: peer.name,
    address: walletAddress(peer.walletSeed),
    nano,
  })
  const wallets = [
    ...plan.clients.map(funding(CLIENT_GENESIS_NANO)),
    ...plan.providers.map(funding(PROVIDER_GENESIS_NANO)),
  ]
  const chain = devchainRpc(url)
  for (const { address, nano } of wallets) await chain.fund(address, nano)
  return wallets
}
