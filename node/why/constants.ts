/** Limits of what is kept about each request. */

/** Offers of one ranking that are kept, best first. */
export const STORY_OFFERS_MAX = 32
/** One story as JSON; it holds words about providers, and never a prompt or an answer. */
export const STORY_CHARS_MAX = 262_144
/** Requests whose story is kept, newest first. */
export const STORIES_MAX = 1_000
