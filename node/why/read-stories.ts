/** Reads stories back; one that cannot be read any more is left out of the list. */
import type { StoryStore } from '#node/store/peer-store.ts'
import type { StoryRow } from '#node/store/rows.ts'
import { type ServedStory, servedStorySchema } from './served-story.ts'
import { type Story, storySchema } from './story.ts'

/** A client's, newest first; with an id only that one, under any of its names. */
export function readStories(store: StoryStore, idOrName?: string): readonly Story[] {
  if (idOrName === undefined) return store.stories().flatMap(read)
  const row = store.story(idOrName)
  return row === undefined ? [] : read(row)
}

/** A provider's, newest first. */
export function readServedStories(store: StoryStore): readonly ServedStory[] {
  return store.stories().flatMap(({ storyJson }) => {
    const parsed = servedStorySchema.safeParse(JSON.parse(storyJson))
    return parsed.success ? [parsed.data] : []
  })
}

function read({ storyJson }: StoryRow): readonly Story[] {
  const parsed = storySchema.safeParse(JSON.parse(storyJson))
  return parsed.success ? [parsed.data] : []
}
