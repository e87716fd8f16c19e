/** Carries out `cocoon models pull`: which model is meant, who is asked, what is shown. */
import { sleep } from '#node/async.ts'
import { systemClock } from '#node/clock.ts'
import { createLog } from '#node/log.ts'
import { freeBytesOf } from '#node/models/disk.ts'
import { fetchPublication } from '#node/models/fetch-publication.ts'
import { checkEndpoint } from '#node/models/hub-http.ts'
import { parseRepositoryName } from '#node/models/hub-repository.ts'
import { ModelNames, type NamedRoot, requireModelName } from '#node/models/names.ts'
import type { SourceComponents } from '#node/models/peer-source.ts'
import type { TellPull } from '#node/models/pull-events.ts'
import { pullFromHub } from '#node/models/pull-from-hub.ts'
import { pullFromPeers } from '#node/models/pull-from-peers.ts'
import { ModelStore, type StoredModel } from '#node/models/store.ts'
import { createLibp2pTransport } from '#node/network/libp2p-transport.ts'
import { type NetworkFile, readNetworkFile } from '#node/testnet/network-file.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { PullOptions } from './commands/models-pull.ts'
import type { CliContext } from './context.ts'
import { bytesText, modelDocument } from './model-text.ts'
import { pullView } from './pull-view.ts'
import { effective } from './settings-options.ts'
import { networkFile } from './target.ts'

/** Joining the network before the DHT is asked. */
const JOIN_LIMIT_MS = 15_000

export async function pullModel(
  named: string | undefined,
  options: PullOptions,
  context: CliContext,
): Promise<void> {
  const { output } = context
  if (options.name !== undefined) requireModelName(options.name)
  if ((named === undefined) === (options.root === undefined)) {
    throw new ConfigError('USAGE', 'name a model or a root, not both', {
      remedy: 'See `cocoon models pull --help`.',
    })
  }
  const view = pullView(output, options.json === true)
  let model: StoredModel
  try {
    model = named?.includes('/')
      ? await fromHub(named, options, context, view.tell)
      : await fromPeers(named, options, context, view.tell)
  } finally {
    view.end()
  }
  if (options.json) return output.json({ kind: 'done', ...modelDocument(model) })
  output.result(`${model.name}  ${model.rootHex}  ${bytesText(model.sizeBytes)}  ${model.folder}`)
  output.talk(`Serve it with: cocoon up --model ${model.name}`)
}

function fromHub(
  named: string,
  options: PullOptions,
  context: CliContext,
  tell: TellPull,
): Promise<StoredModel> {
  const given = { hubEndpoint: options.hubEndpoint }
  const { hubEndpoint, hubToken, dataRoot } = effective(context.settings, given)
  return pullFromHub({
    access: { endpoint: checkEndpoint(hubEndpoint), token: hubToken },
    repository: parseRepositoryName(named),
    quantization: options.quant,
    include: options.include ?? [],
    name: options.name,
    store: new ModelStore(dataRoot),
    ...{ clock: systemClock, freeBytes: freeBytesOf, wait: sleep, tell },
    signal: context.interrupts.first,
  })
}

async function fromPeers(
  named: string | undefined,
  options: PullOptions,
  { settings, interrupts }: CliContext,
  tell: TellPull,
): Promise<StoredModel> {
  const target = options.network === undefined ? {} : { network: options.network }
  const network = readNetworkFile(networkFile(target, settings))
  const signal = interrupts.first
  const names = new ModelNames(settings.dataRoot, crypto)
  const transport = await joinBriefly(network, signal)
  try {
    const components = { transport, crypto }
    const meant =
      named === undefined
        ? undefined
        : await rootOf(named, {
            ...{ names, network, components, signal },
            publisher: options.publisher,
          })
    const rootHex = options.root ?? meant!.rootHex
    const publication = meant?.publication
    return await pullFromPeers({
      ...{ ...components, root: fromHex(rootHex), wait: sleep, tell, signal },
      ...{ clock: systemClock, freeBytes: freeBytesOf },
      store: new ModelStore(settings.dataRoot),
      name: options.name ?? named ?? nameIn(network, rootHex),
      origin: {
        kind: 'peers',
        namedBy: meant?.namedBy ?? 'root',
        publisher: publication === undefined ? null : toHex(publication.publisher),
        licence: publication?.licence ?? null,
      },
    })
  } finally {
    await transport.stop()
  }
}

/** A light peer of its own for one pull: the identity is new each time, nothing of the owner's is shown. */
async function joinBriefly(network: NetworkFile, signal: AbortSignal) {
  const transport = await createLibp2pTransport({
    identitySeed: crypto.randomBytes(32),
    listen: [],
    bootstrap: network.bootstrap,
    mode: 'light',
    globalId: network.globalId,
    log: createLog({ name: 'pull', level: 'silent' }),
  })
  try {
    await transport.joined(AbortSignal.any([signal, AbortSignal.timeout(JOIN_LIMIT_MS)]))
  } catch {
    signal.throwIfAborted()
    // Alone for now: the search says what is missing.
  }
  return transport
}

/**
 * A pin, then what trusted publishers say now, then what they said before, then the network file.
 * @throws ConfigError MODEL_NAME_UNKNOWN, MODEL_NAME_AMBIGUOUS, MODEL_NAME_INVALID
 */
async function rootOf(
  name: string,
  ask: {
    readonly names: ModelNames
    readonly network: NetworkFile
    readonly components: SourceComponents
    readonly signal: AbortSignal
    readonly publisher: string | undefined
  },
): Promise<NamedRoot> {
  const { names, network, components, signal, publisher } = ask
  requireModelName(name)
  const pinned = names.resolve(name)
  if (pinned?.namedBy === 'pin' && publisher === undefined) return pinned
  const trusted = names.publishers().filter((key) => [undefined, toHex(key)].includes(publisher))
  for (const key of trusted) {
    const word = await fetchPublication(components, key, name, signal)
    const known = names
      .publications()
      .find((one) => one.name === name && toHex(one.publisher) === toHex(key))
    // An older word than is kept here is what a peer that holds back the newer one would show.
    if (word !== undefined && word.sequence > (known?.sequence ?? -1)) names.hear(word)
  }
  const said = names.resolve(name, publisher)
  if (said !== undefined) return said
  const listed = network.models.find(({ id }) => id === name)
  if (listed !== undefined && publisher === undefined) {
    return { rootHex: listed.root, namedBy: 'pin', publication: undefined }
  }
  throw new ConfigError('MODEL_NAME_UNKNOWN', `nobody that you trust says what ${name} is`, {
    remedy:
      'Name its root with --root, pin it with `cocoon models pin`, or trust its publisher with `cocoon models trust`.',
  })
}

/** What the network calls it, else a name made of its root. */
function nameIn(network: NetworkFile, rootHex: string): string {
  const id = network.models.find(({ root }) => root === rootHex)?.id
  const isName = id !== undefined && /^[a-z0-9][a-z0-9._-]{0,94}$/.test(id)
  return isName ? id : `model-${rootHex.slice(0, 12)}`
}
