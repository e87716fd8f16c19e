/** A light peer of its own for one command: joins the network when it is first needed. */
import { createLog } from '#node/log.ts'
import { createLibp2pTransport } from '#node/network/libp2p-transport.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { Transport } from '#protocol/transport.ts'

/** Joining the network before the DHT is asked. */
const JOIN_LIMIT_MS = 15_000

export interface BriefPeer extends AsyncDisposable {
  transport(): Promise<Transport>
}

/** The identity is new each time: nothing of the owner's is shown. */
export function briefPeer(network: () => NetworkFile, signal: AbortSignal): BriefPeer {
  let joined: ReturnType<typeof join> | undefined
  return {
    transport() {
      joined ??= join(network(), signal)
      return joined
    },
    async [Symbol.asyncDispose]() {
      await (await joined?.catch(() => undefined))?.stop()
    },
  }
}

async function join({ bootstrap, globalId }: NetworkFile, signal: AbortSignal) {
  signal.throwIfAborted()
  const transport = await createLibp2pTransport({
    ...{ identitySeed: crypto.randomBytes(32), listen: [], bootstrap, globalId },
    mode: 'light',
    log: createLog({ name: 'models', level: 'silent' }),
  })
  try {
    await transport.joined(AbortSignal.any([signal, AbortSignal.timeout(JOIN_LIMIT_MS)]))
  } catch (error) {
    if (signal.aborted) {
      await transport.stop()
      throw error
    }
    // Alone for now: the search says what is missing.
  }
  return transport
}
