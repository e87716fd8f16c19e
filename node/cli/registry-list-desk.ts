/** What registries list, for `cocoon models list --registry`. */
import { systemClock } from '#node/clock.ts'
import { createLog } from '#node/log.ts'
import { ModelNames } from '#node/models/names.ts'
import { ModelStore } from '#node/models/store.ts'
import { type ListedModel, listedModels } from '#node/registry/listed-models.ts'
import { offeredNames } from '#node/registry/offered-names.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import { fromHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { ConfigError } from '#protocol/errors.ts'
import { type BriefPeer, briefPeer } from './brief-peer.ts'
import type { CliContext } from './context.ts'
import { lazyNetwork, registryAt } from './name-desk.ts'
import { registryAddresses } from './registry-addresses.ts'

export interface RegistryListOptions {
  /** One address; true: those of the configuration. */
  readonly registry: string | true
  readonly network?: string
  /** Whether peers may be asked for names. */
  readonly ask: boolean
}

export interface RegistryListing {
  /** Raw. */
  readonly address: string
  /** Decisions taken so far. */
  readonly sequence: number
  readonly models: readonly ListedModel[]
}

/**
 * Reads each registry off the chain, in their order.
 * @throws ConfigError USAGE, REGISTRY_ADDRESS
 * @throws AttestationError REGISTRY_ROLLED_BACK
 * @throws UnavailableError NO_TESTNET, CHAIN_UNREACHABLE, REGISTRY_UNREADABLE
 */
export async function* listRegistries(
  options: RegistryListOptions,
  context: CliContext,
): AsyncGenerator<RegistryListing> {
  const { settings, interrupts } = context
  const { registry } = options
  const addresses = registryAddresses(registry === true ? settings.registries : [registry])
  if (addresses.length === 0) throw noneNamed()
  const network = lazyNetwork(options, context)
  await using peer = briefPeer(network, interrupts.first)
  for (const address of addresses) {
    const state = await registryAt(address, network, settings.dataRoot).read()
    const known = knownNames(settings.dataRoot, network())
    const models = listedModels(crypto, state, known)
    const unnamed = options.ask ? models.filter(isUnnamed) : []
    const asked = unnamed.length === 0 ? [] : await askPeers(unnamed, network(), peer, context)
    // Of the names known here those that fit are enough: what peers said has room beside them.
    const fitting = models.flatMap(({ name }) => name ?? [])
    yield {
      ...{ address, sequence: state.sequence },
      models: asked.length === 0 ? models : listedModels(crypto, state, [...fitting, ...asked]),
    }
  }
}

const isUnnamed = ({ name, status }: ListedModel) => name === undefined && status === 'active'

/** What this machine has heard of; nobody is asked. */
function knownNames(dataRoot: string, { models }: NetworkFile): readonly string[] {
  const names = new ModelNames(dataRoot, crypto)
  return [
    ...Object.keys(names.pins()),
    ...models.map(({ id }) => id),
    ...new ModelStore(dataRoot).list().models.map(({ name }) => name),
    ...names.publications().map(({ name }) => name),
  ]
}

async function askPeers(
  unnamed: readonly ListedModel[],
  { globalId }: NetworkFile,
  peer: BriefPeer,
  { output, interrupts }: CliContext,
): Promise<readonly string[]> {
  output.talk(`asks peers what they call ${unnamed.length} models (--no-ask leaves that out)`)
  const transport = await peer.transport()
  const log = createLog({ name: 'models', level: 'silent' })
  const roots = unnamed.map(({ rootHex }) => fromHex(rootHex))
  return offeredNames(
    { transport, crypto, clock: systemClock, globalId, log },
    roots,
    interrupts.first,
  )
}

function noneNamed(): ConfigError {
  return new ConfigError('USAGE', 'no registry is named and none is configured', {
    remedy: 'Name its address after --registry, or `cocoon config set registries ADDRESS`.',
  })
}
