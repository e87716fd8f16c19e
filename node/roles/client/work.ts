/** What one way of asking adds to the attempts that all of them share. */
import type { StoryWriter } from '#node/why/story-writer.ts'
import type { Ranked } from '#protocol/market/choice.ts'
import type { Offer } from '#protocol/market/offer.ts'
import type { AttemptsProgress } from './attempts-progress.ts'
import type { Chooser } from './choosing.ts'
import type { AnswerEvent, ClientRequest, SettledReceipt } from './request.ts'
import type { ClientSession } from './session.ts'
import type { ReadySession } from './sessions.ts'

/** One attempt that came to its end. */
export interface EndedAttempt {
  readonly choice: Ranked
  readonly ranked: readonly Ranked[]
  readonly ready: ReadySession
  readonly asked: ClientRequest
  readonly ended: SettledReceipt
}

export interface Work<Event> {
  readonly progress: AttemptsProgress
  readonly chooser: Chooser
  /** Before anything is held for this offer. @throws ConfigError the request asks too much of it */
  check?(offer: Offer): void
  /** Sends the ask. */
  ask(session: ClientSession, offer: Offer): ClientRequest
  /** What the caller hears at once of the provider that was asked. */
  asked(session: ClientSession, offer: Offer): Iterable<Event>
  /** What it hears of a part of the answer. */
  took(part: Exclude<AnswerEvent, SettledReceipt>): Iterable<Event>
  /** @throws when this is not the whole answer: the next provider is asked */
  requireWhole(asked: ClientRequest, ended: SettledReceipt): void
  /** Its last events; the story has its end before the last of them is out. */
  conclude(attempt: EndedAttempt, story: StoryWriter): Iterable<Event>
}
