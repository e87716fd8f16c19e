/** Reads stories back; one that cannot be read any more is left out of the list. */
import type { StoryStore } from '#node/store/peer-store.ts'
import type { StoryRow } from '#node/store/rows.ts'
import { type Story, storySchema } from './story.ts'

/** Newest first; with an id only that one, under any of its names. */
export function readStories(store: StoryStore, idOrName?: string): readonly Story[] {
  if (idOrName === undefined) return store.stories().flatMap(read)
  const row = store.story(idOrName)
  return row === undefined ? [] : read(row)
}

function read({ storyJson }: StoryRow): readonly Story[] {
  const parsed = storySchema.safeParse(JSON.parse(storyJson))
  return parsed.success ? [parsed.data] : []
}
