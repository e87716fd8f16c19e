/** The channels of a peer that does not run, from its store. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { closeAuthKey } from '#node/roles/provider/channel-desk.ts'
import { STORE_FILE } from '#node/store/constants.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import type { StoredChannel } from '#node/wallet/held-back.ts'
import { decodeChannelState } from '#settlement/channel/codec.ts'

/** Of both roles; none when the peer never ran on this network. @throws UnavailableError STORE_LOCKED */
export function storedChannels(networkDir: string): readonly StoredChannel[] {
  if (!existsSync(path.join(networkDir, STORE_FILE))) return []
  const store = openPeerStore(networkDir)
  try {
    const rows = [...store.loadChannels('client'), ...store.loadChannels('provider')]
    return rows.map(({ address, stateJson }) => ({
      state: decodeChannelState(JSON.parse(stateJson)),
      closeAuthUntilS: Number(store.meta(closeAuthKey(address)) ?? 0),
    }))
  } finally {
    store.close()
  }
}
