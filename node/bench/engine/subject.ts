/** What a runtime must be able to do to be measured: ours and the peers alike. */

export interface DecodeTask {
  /** Answers decoded side by side, each after a prompt of its own. */
  readonly streams: number
  readonly promptTokens: number
  /** New tokens of each stream that are timed, after every stream has its first. */
  readonly tokens: number
  /** Differs from round to round, so that nothing is remembered. */
  readonly salt: number
}

export interface PrefillTask {
  readonly promptTokens: number
  readonly salt: number
}

export interface Subject extends AsyncDisposable {
  /** Milliseconds of one step (one token of every stream), sampling and text included. */
  stepMs(task: DecodeTask): Promise<number>
  /** Milliseconds from a prompt of ids to its first new token. */
  prefillMs(task: PrefillTask): Promise<number>
}

/** Ids of a prompt that nobody has seen: plain tokens, none of the markers. */
export function promptIds(tokens: number, stream: number, salt: number, vocabulary: number) {
  return Array.from(
    { length: tokens },
    (_, at) => 300 + ((at * 7_919 + stream * 104_729 + salt * 1_299_709) % (vocabulary - 300)),
  )
}
