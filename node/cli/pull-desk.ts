/** Carries out `cocoon models pull`: which model is meant, who is asked, what is shown. */
import { sleep } from '#node/async.ts'
import { systemClock } from '#node/clock.ts'
import { freeBytesOf } from '#node/models/disk.ts'
import { checkEndpoint, checkToken } from '#node/models/hub-http.ts'
import { parseRepositoryName } from '#node/models/hub-repository.ts'
import { type NamedRoot, requireModelName } from '#node/models/names.ts'
import type { TellPull } from '#node/models/pull-events.ts'
import { pullFromHub } from '#node/models/pull-from-hub.ts'
import { pullFromPeers } from '#node/models/pull-from-peers.ts'
import type { ModelOrigin } from '#node/models/record.ts'
import { ModelStore, type StoredModel } from '#node/models/store.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { CocoonError, ConfigError, UnavailableError } from '#protocol/errors.ts'
import { briefPeer } from './brief-peer.ts'
import type { PullOptions } from './commands/models-pull.ts'
import type { CliContext } from './context.ts'
import { withRemedy } from './interrupts.ts'
import { bytesText, modelDocument } from './model-text.ts'
import { lazyNetwork, rootOfName } from './name-desk.ts'
import { pullView } from './pull-view.ts'
import { effective } from './settings-options.ts'

const GOES_ON = 'Run the same command again: it goes on where it stopped.'

export async function pullModel(
  named: string | undefined,
  options: PullOptions,
  context: CliContext,
): Promise<void> {
  const { output, interrupts } = context
  if (options.name !== undefined) requireModelName(options.name)
  checkUse(named, options)
  const view = pullView(output, options.json === true)
  let model: StoredModel
  try {
    model = await withRemedy(interrupts.first, GOES_ON, () =>
      named?.includes('/')
        ? fromHub(named, options, context, view.tell)
        : fromPeers(named, options, context, view.tell),
    )
  } finally {
    view.end()
  }
  if (options.json) return output.json({ kind: 'done', ...modelDocument(model) })
  output.result(`${model.name}  ${model.rootHex}  ${bytesText(model.sizeBytes)}  ${model.folder}`)
  output.talk(`Serve it with: cocoon up --model ${model.name}`)
}

/** What goes together, before anything is asked. @throws ConfigError USAGE, MODEL_NAME_INVALID */
function checkUse(named: string | undefined, options: PullOptions): void {
  const isHub = named?.includes('/') === true
  const unused = isHub ? FOR_NAMES : named === undefined ? [...FOR_HUBS, ...FOR_NAMES] : FOR_HUBS
  const stray = unused.find((name) => options[name] !== undefined)
  const wrong =
    named === undefined && options.root === undefined
      ? 'which model? Name one, or a root with --root'
      : named !== undefined && options.root !== undefined
        ? 'a model and --root are two models: name one of them'
        : stray !== undefined
          ? `--${stray} does not go with ${isHub ? 'OWNER/NAME' : 'a model from peers'}`
          : undefined
  if (wrong !== undefined) {
    throw new ConfigError('USAGE', wrong, { remedy: 'See `cocoon models pull --help`.' })
  }
  if (named !== undefined && !isHub) requireModelName(named)
}

const FOR_HUBS = ['quant', 'include'] as const
const FOR_NAMES = ['publisher', 'registry'] as const

function fromHub(
  named: string,
  options: PullOptions,
  context: CliContext,
  tell: TellPull,
): Promise<StoredModel> {
  const given = { hubEndpoint: options.hubEndpoint }
  const { hubEndpoint, hubToken, dataRoot } = effective(context.settings, given)
  return pullFromHub({
    access: { endpoint: checkEndpoint(hubEndpoint), token: checkToken(hubToken) },
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
  context: CliContext,
  tell: TellPull,
): Promise<StoredModel> {
  const { settings, interrupts } = context
  const signal = interrupts.first
  const network = lazyNetwork(options, context)
  requireNetwork(network, named)
  await using peer = briefPeer(network, signal)
  const meant =
    named === undefined ? undefined : await rootOfName(named, options, context, network, peer)
  const rootHex = meant?.rootHex ?? options.root!
  tell({ kind: 'notice', message: `joining ${network().name}, looking for peers that have it` })
  const transport = await peer.transport()
  return await pullFromPeers({
    ...{ transport, crypto, root: fromHex(rootHex), wait: sleep, tell, signal },
    ...{ clock: systemClock, freeBytes: freeBytesOf },
    store: new ModelStore(settings.dataRoot),
    name: options.name ?? named ?? nameIn(network(), rootHex),
    origin: originOf(meant),
  })
}

/** Whoever left the owner out meant a host: the error says so. @throws UnavailableError NO_TESTNET */
function requireNetwork(network: () => NetworkFile, named: string | undefined): void {
  try {
    network()
  } catch (error) {
    const isNone = error instanceof CocoonError && error.code === 'NO_TESTNET'
    if (!isNone || named === undefined) throw error
    throw new UnavailableError(
      'NO_TESTNET',
      `${named} would come from peers, and no network is named`,
      {
        remedy: `From a host write OWNER/${named}; from peers pass --network FILE.`,
      },
    )
  }
}

function originOf(meant: NamedRoot | undefined): ModelOrigin {
  const publication = meant?.publication
  return {
    kind: 'peers',
    namedBy: meant?.namedBy ?? 'root',
    publisher: publication === undefined ? null : toHex(publication.publisher),
    ...(meant?.registry === undefined ? {} : { registry: meant.registry }),
    licence: publication?.licence ?? null,
  }
}

/** What the network calls it, else a name made of its root. */
function nameIn(network: NetworkFile, rootHex: string): string {
  const id = network.models.find(({ root }) => root === rootHex)?.id
  const isName = id !== undefined && /^[a-z0-9][a-z0-9._-]{0,94}$/.test(id)
  return isName ? id : `model-${rootHex.slice(0, 12)}`
}
