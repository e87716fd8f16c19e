/** Where `channels list|show` read: with the running client, or in the ledger of a peer that does not run. */
import path from 'node:path'
import { type ChannelDocument, channelSchema } from '#node/gateway/api-schema.ts'
import { toJson } from '#node/gateway/json.ts'
import { clientHome, storeFolders, withClientStore } from '#node/history/client-home.ts'
import { channelView } from '#node/roles/channel-view.ts'
import type { PeerStore } from '#node/store/peer-store.ts'
import { ConfigError } from '#protocol/errors.ts'
import { decodeChannelState } from '#settlement/channel/codec.ts'
import { isAbsent } from './commands/why.ts'
import type { CliContext } from './context.ts'
import { localApi, type TargetOptions } from './target.ts'

export interface ChannelSourceOptions extends TargetOptions {
  /** Data folder of a client or provider that does not run. */
  readonly peer?: string
}

/**
 * @throws ConfigError NO_HISTORY, CHANNEL_STATE_INVALID
 * @throws UnavailableError STORE_LOCKED while the named peer runs
 */
export async function readChannels(
  options: ChannelSourceOptions,
  { settings, output }: CliContext,
): Promise<readonly ChannelDocument[]> {
  if (options.peer !== undefined) return withClientStore(storeOf(options.peer), storedDocuments)
  try {
    return await localApi(options, settings).channels()
  } catch (thrown) {
    if (!isAbsent(thrown)) throw thrown
  }
  const home = clientHome({ dataDir: undefined, dataRoot: settings.dataRoot })
  output.talk(`no client runs: as its ledger in ${home} has them`)
  return withClientStore(home, storedDocuments)
}

function storeOf(folder: string): string {
  const [latest] = storeFolders(path.resolve(folder))
  if (latest !== undefined) return latest
  throw new ConfigError('NO_HISTORY', `no peer has run in ${folder}`, {
    remedy: 'Name the data folder of a client or provider with --peer.',
  })
}

function storedDocuments(store: PeerStore): readonly ChannelDocument[] {
  return store.loadChannels().map(({ address, stateJson }) => {
    const state = decodeChannelState(JSON.parse(stateJson))
    const view = channelView(state, store.meta(`channel-provider:${address}`))
    return channelSchema.parse(JSON.parse(toJson(view)))
  })
}
