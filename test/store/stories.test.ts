/** Stories in the store: found by every name, bounded, migrated into a store of the first version. */
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { STORE_FILE } from '#node/store/constants.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { STORIES_MAX, STORY_CHARS_MAX } from '#node/why/constants.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

function open(home = temporaryFolder()) {
  const store = openPeerStore(home)
  onTestFinished(() => store.close())
  return store
}

const row = (id: string, createdAtMs: number, names: string[] = []) => ({
  id,
  names,
  createdAtMs,
  storyJson: `{"id":"${id}"}`,
})

describe('stories', () => {
  it('are found by their id and by each of their names, also after being written again', () => {
    const store = open()
    store.saveStory(row('a', 1, ['wire-1']))
    store.saveStory({ ...row('a', 1, ['wire-1', 'wire-2']), storyJson: '{"second":true}' })
    store.saveStory(row('b', 2))
    for (const name of ['a', 'wire-1', 'wire-2']) {
      expect(store.story(name)).toMatchObject({ id: 'a', storyJson: '{"second":true}' })
    }
    expect(store.story('wire-3')).toBeUndefined()
    expect(store.stories().map(({ id }) => id)).toEqual(['b', 'a'])
  })

  it('are forgotten with their names', () => {
    const store = open()
    store.saveStory(row('a', 1, ['wire-1']))
    store.eraseStory('a')
    expect([store.story('a'), store.story('wire-1')]).toEqual([undefined, undefined])
  })

  it('keep to their bounds: the oldest go, a large one is refused', () => {
    const store = open()
    store.transaction(() => {
      for (let at = 0; at < STORIES_MAX + 3; at++) store.saveStory(row(`s${at}`, at, [`w${at}`]))
    })
    expect(store.stories()).toHaveLength(STORIES_MAX)
    expect([store.story('s2'), store.story('w2')]).toEqual([undefined, undefined])
    expect(store.story('w3')?.id).toBe('s3')
    const large = { ...row('large', 9), storyJson: 'x'.repeat(STORY_CHARS_MAX + 1) }
    expect(() => store.saveStory(large)).toThrow(/larger than the store takes/)
  })

  it('come to a store of the first version without touching what it holds', () => {
    const home = temporaryFolder()
    const before = openPeerStore(home)
    before.setMeta('kept', 'yes')
    before.close()
    const raw = new DatabaseSync(path.join(home, STORE_FILE))
    raw.exec('DROP TABLE story_names; DROP TABLE stories; PRAGMA user_version = 1')
    raw.close()
    const store = open(home)
    store.saveStory(row('a', 1))
    expect([store.meta('kept'), store.story('a')?.id]).toEqual(['yes', 'a'])
  })
})
