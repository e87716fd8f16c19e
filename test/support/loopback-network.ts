/** The in-process network of roles over real sockets: a libp2p host on loopback for each peer. */
import { createLibp2pTransport } from '#node/network/libp2p-transport.ts'
import { keyOf, type RoleNetwork } from './role-harness.ts'
import { silentLog } from './test-peers.ts'

/** The same network with a libp2p host for each peer instead of memory: `provider-N` and `client-N`. */
export async function overLoopback(network: RoleNetwork): Promise<RoleNetwork> {
  const join = ({ identityKey }: { readonly identityKey: Uint8Array }) => {
    const name = names.find((one) =>
      Buffer.from(keyOf(`identity ${one}`).publicKey).equals(identityKey),
    )
    if (name === undefined) throw new Error('a peer without a name')
    return createLibp2pTransport({
      identitySeed: keyOf(`identity ${name}`).seed,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      bootstrap: [],
      mode: 'full',
      globalId: network.file.globalId,
      log: silentLog,
    })
  }
  const names = Array.from({ length: 64 }, (_, at) => [`provider-${at}`, `client-${at}`]).flat()
  return { ...network, memory: { join } }
}
