/** What both roles stand on: disk, chain, wallet, trust, network. */
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import type { Wallet } from '#settlement/types.ts'
import { walletAddress } from '#settlement/wallet/body.ts'
import { seedSigner } from '#settlement/wallet/signer.ts'
import { openWallet, type WalletOptions } from '#settlement/wallet/wallet.ts'
import { sleep } from '../async.ts'
import { openChain } from '../chain/open-chain.ts'
import { systemClock as clock } from '../clock.ts'
import { logEvent } from '../log-event.ts'
import { createLibp2pTransport } from '../network/libp2p-transport.ts'
import { EventHub } from '../roles/event-hub.ts'
import type { ClientOptions, PeerOptions } from '../roles/peer-options.ts'
import { openPeerStore } from '../store/sqlite-store.ts'
import { networkTrust } from '../trust.ts'
import { BALANCE_AGE_MS_MAX } from '../wallet/constants.ts'
import type { DepositCaps } from '../wallet/deposit-caps.ts'
import { journalFile } from '../wallet/journal-file.ts'
import { lastKnown } from '../wallet/last-known.ts'

export type ComposedPeer = Awaited<ReturnType<typeof composePeer>>

export function connectionStatus({ transport, wallet }: ComposedPeer) {
  return {
    peers: transport.peers().length,
    inbound: transport.inboundCount(),
    wallet: wallet.address.toRawString(),
  }
}

/** @throws ConfigError, UnavailableError of its parts; what was started is on the stack */
export async function composePeer(
  options: PeerOptions & Pick<ClientOptions, 'light' | 'ownPolicy'>,
  cleanup: AsyncDisposableStack,
  caps?: DepositCaps,
) {
  const { name, network, dataDir, identitySeed, log } = options
  const { globalId } = network
  const { metrics } = options
  const hub = new EventHub(clock, name, (body) => {
    options.emit(body)
    metrics?.observe(body)
    logEvent(log, body)
  })
  const store = openPeerStore(dataDir)
  cleanup.defer(() => store.close())
  const { access, others, reader: chain } = openChain(network, clock)
  const wallet = await recoveredWallet(options, { access, others, crypto, clock, sleep, caps })
  const latest = await chain.latestBlock()
  const trust = networkTrust(network, crypto, latest.time * 1000, options.ownPolicy)
  const transport = await createLibp2pTransport({
    identitySeed,
    listen: options.light ? [] : (options.listen ?? ['/ip4/127.0.0.1/tcp/0']),
    bootstrap: network.bootstrap,
    mode: options.light ? 'light' : 'full',
    globalId,
    log,
    ...(metrics === undefined ? {} : { metrics: metrics.host }),
  })
  cleanup.defer(() => transport.stop())
  log.info({ peerId: transport.self.peerId, key: toHex(transport.self.identityKey) }, 'started')
  const balance = lastKnown(() => wallet.balance(), clock, BALANCE_AGE_MS_MAX)
  return { hub, store, chain, wallet, balance, trust, transport, globalId }
}

/**
 * What a former process left in flight is settled before anything reads the chain to decide what to pay.
 * @throws ConfigError WALLET_MISSING, WALLET_JOURNAL
 */
async function recoveredWallet(
  { signer, walletSeed, dataDir, log }: PeerOptions,
  parts: Omit<WalletOptions, 'signer' | 'journal'>,
): Promise<Wallet> {
  const signs = signer ?? (walletSeed === undefined ? undefined : seedSigner(crypto, walletSeed))
  if (signs === undefined) throw new ConfigError('WALLET_MISSING', 'this peer has no wallet')
  const address = walletAddress(signs.publicKey, parts.access.globalId)
  const wallet = openWallet({ ...parts, signer: signs, journal: journalFile(dataDir, address) })
  try {
    const found = await wallet.recover()
    if (found !== 'nothing') log.warn({ found }, 'a payment was in flight when this peer ended')
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error
    log.warn({ code: error.code }, 'a payment of an earlier run is still in flight')
  }
  return wallet
}

/** What `build` started is stopped again when it throws. */
export async function cleanedUp<Built>(
  build: (cleanup: AsyncDisposableStack) => Promise<Built>,
): Promise<Built> {
  const cleanup = new AsyncDisposableStack()
  try {
    return await build(cleanup)
  } catch (error) {
    await cleanup.disposeAsync()
    throw error
  }
}
