/** Works out, for commands, which root a name means: with the owner's pins, publishers and registries. */
import path from 'node:path'
import { Address } from '@ton/core'
import { openChain } from '#node/chain/open-chain.ts'
import { systemClock } from '#node/clock.ts'
import { fetchPublication } from '#node/models/fetch-publication.ts'
import { ModelNames, type NamedRoot } from '#node/models/names.ts'
import { type NamingRegistry, resolveName } from '#node/models/resolve-name.ts'
import { keepHighest, registryOnChain } from '#node/registry/read.ts'
import { seenFile } from '#node/registry/seen-file.ts'
import { networkFolderName } from '#node/store/data-folder.ts'
import { type NetworkFile, readNetworkFile } from '#node/testnet/network-file.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { ConfigError } from '#protocol/errors.ts'
import { type BriefPeer, briefPeer } from './brief-peer.ts'
import type { CliContext } from './context.ts'
import { registryAddresses } from './registry-addresses.ts'
import { networkFile } from './target.ts'

export interface NameOptions {
  /** Hexadecimal key: its word alone counts. */
  readonly publisher?: string
  /** Address: its word alone counts. */
  readonly registry?: string
  readonly network?: string
}

/** The network file that the options name, read when it is first asked for. */
export function lazyNetwork(
  { network }: Pick<NameOptions, 'network'>,
  { settings }: CliContext,
): () => NetworkFile {
  let read: NetworkFile | undefined
  return () => {
    read ??= readNetworkFile(networkFile(network === undefined ? {} : { network }, settings))
    return read
  }
}

/** Throws as resolveName; ConfigError USAGE, REGISTRY_ADDRESS. */
export async function rootOfName(
  name: string,
  { publisher, registry }: NameOptions,
  { settings, interrupts }: CliContext,
  network: () => NetworkFile,
  peer: BriefPeer,
): Promise<NamedRoot> {
  if (publisher !== undefined && registry !== undefined) {
    throw new ConfigError('USAGE', '--publisher and --registry do not go together', {
      remedy: 'Name the one whose word shall count.',
    })
  }
  const { dataRoot } = settings
  const addresses = registryAddresses(registry === undefined ? settings.registries : [registry])
  const only =
    publisher !== undefined ? { publisher } : registry === undefined ? undefined : 'registries'
  const signal = interrupts.first
  return resolveName(
    { name, only },
    {
      crypto,
      names: new ModelNames(dataRoot, crypto),
      async ask(key, asked) {
        const transport = await peer.transport()
        const word = await fetchPublication({ transport, crypto }, key, asked, signal)
        // Silence of an interrupted search is no word on anything.
        signal.throwIfAborted()
        return word
      },
      registries: addresses.map((address) => registryAt(address, network, dataRoot)),
      network: () => network().models,
    },
  )
}

/** For a command of its own. @param pin keeps the answer as the owner's pin */
export async function resolveHere(
  name: string,
  options: NameOptions,
  pin: boolean,
  context: CliContext,
): Promise<NamedRoot> {
  const network = lazyNetwork(options, context)
  await using peer = briefPeer(network, context.interrupts.first)
  const found = await rootOfName(name, options, context, network, peer)
  if (pin) new ModelNames(context.settings.dataRoot, crypto).pin(name, found.rootHex)
  return found
}

/** Reads it, and refuses an older state than this machine saw. */
export function registryAt(
  raw: string,
  network: () => NetworkFile,
  dataRoot: string,
): NamingRegistry {
  return {
    address: raw,
    async read() {
      const joined = network()
      const address = Address.parseRaw(raw)
      const found = await registryOnChain(openChain(joined, systemClock).reader, address)
      const seen = `${networkFolderName(joined)}.json`
      keepHighest(seenFile(path.join(dataRoot, 'models', 'registries', seen)), address, found)
      return found
    },
  }
}
