/** What became of each request, bounded: the newest STORIES_MAX are kept. */
import type { DatabaseSync } from 'node:sqlite'
import { STORIES_MAX, STORY_CHARS_MAX } from '#node/why/constants.ts'
import { bounded, integer, type Row, text } from './columns.ts'
import type { StoryStore } from './peer-store.ts'
import type { StoryRow } from './rows.ts'

export function storyTable(database: DatabaseSync): StoryStore {
  const put = database.prepare(
    // Not OR REPLACE, which deletes the row first and its names with it.
    `INSERT INTO stories VALUES (?1, ?2, ?3)
     ON CONFLICT (id) DO UPDATE SET created_at = ?2, story_json = ?3`,
  )
  const name = database.prepare('INSERT OR REPLACE INTO story_names VALUES (?, ?)')
  const names = database.prepare('SELECT name FROM story_names WHERE story_id = ? ORDER BY name')
  const byName = database.prepare(
    `SELECT * FROM stories WHERE id = ?1
     OR id = (SELECT story_id FROM story_names WHERE name = ?1)`,
  )
  const all = database.prepare('SELECT * FROM stories ORDER BY created_at DESC, rowid DESC LIMIT ?')
  const drop = database.prepare('DELETE FROM stories WHERE id = ?')
  const trim = database.prepare(
    'DELETE FROM stories WHERE id IN (SELECT id FROM stories ORDER BY created_at DESC, rowid DESC LIMIT -1 OFFSET ?)',
  )
  const toStory = (row: Row): StoryRow => ({
    id: text(row, 'id'),
    names: names.all(text(row, 'id')).map((one) => text(one, 'name')),
    createdAtMs: integer(row, 'created_at'),
    storyJson: text(row, 'story_json'),
  })
  return {
    saveStory(row) {
      put.run(row.id, row.createdAtMs, bounded(row.storyJson, STORY_CHARS_MAX, 'a story'))
      for (const one of row.names) name.run(one, row.id)
      trim.run(STORIES_MAX)
    },
    story(idOrName) {
      const row = byName.get(idOrName)
      return row && toStory(row)
    },
    stories: () => all.all(STORIES_MAX).map(toStory),
    eraseStory(id) {
      drop.run(id)
    },
  }
}
