/** Appends leaves as fast as it can and names each one on stdout after it was committed. */
import { writeSync } from 'node:fs'
import { openPeerStore } from '#node/store/sqlite-store.ts'

const store = openPeerStore(process.argv[2]!)
for (let leafIndex = store.leafCount('0:aa'); ; leafIndex++) {
  store.transaction(() => {
    store.appendLeaf('0:aa', leafIndex, new Uint8Array(500).fill(leafIndex))
    store.setMeta('last', String(leafIndex))
  })
  writeSync(1, `${leafIndex}\n`)
}
