/** Stories of the requests that a provider served: over its control socket, or from its folder after its end. */
import { Hono } from 'hono'
import { z } from 'zod'
import { jsonResponse } from '#node/gateway/json.ts'
import { storeFolders, withClientStore } from '#node/history/client-home.ts'
import { askControl } from '#node/status/control-client.ts'
import { readServedStories } from '#node/why/read-stories.ts'
import { type ServedStory, servedStorySchema } from '#node/why/served-story.ts'
import { CocoonError, ConfigError, ProtocolError } from '#protocol/errors.ts'

/** A thousand stories of one or two kilobytes. */
const ANSWER_BOUNDS = { bytesMax: 8_388_608, timeoutMs: 5_000 }

export function servedStoriesRoute(peer: { servedStories(): readonly ServedStory[] }): Hono {
  const routes = new Hono()
  routes.get('/served-stories', () => jsonResponse(peer.servedStories()))
  return routes
}

/**
 * Newest first.
 * @throws ConfigError NO_HISTORY: no provider has run in this folder
 * @throws UnavailableError STORE_LOCKED while another program holds the folder
 * @throws ProtocolError CONTROL_ANSWER
 */
export async function servedStories(dataDir: string): Promise<readonly ServedStory[]> {
  try {
    return parsed(await askControl(dataDir, 'GET', '/served-stories', ANSWER_BOUNDS))
  } catch (thrown) {
    if (!(thrown instanceof CocoonError) || thrown.code !== 'PEER_NOT_RUNNING') throw thrown
  }
  const [latest] = storeFolders(dataDir)
  if (latest !== undefined) return withClientStore(latest, readServedStories)
  throw new ConfigError('NO_HISTORY', `no provider has run in ${dataDir}`, {
    remedy: 'Name the data folder of a provider with --provider.',
  })
}

function parsed(body: string): readonly ServedStory[] {
  try {
    return z.array(servedStorySchema).parse(JSON.parse(body))
  } catch (cause) {
    throw new ProtocolError('CONTROL_ANSWER', 'the running provider told no usable stories', {
      cause,
      remedy: 'Its version may differ from this one: restart it.',
    })
  }
}
