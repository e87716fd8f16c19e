/**
 * One look for everybody who asks while another runs. The kernel's tables take milliseconds to read, and as many requests
 * as come at once would otherwise read them each for itself.
 */

export class SharedLook<Seen> {
  readonly #look: () => Promise<Seen>
  #running: Promise<Seen> | undefined
  #next: Promise<Seen> | undefined

  constructor(look: () => Promise<Seen>) {
    this.#look = look
  }

  /** What a look saw that began after it was asked for: one that runs already may have missed what matters. */
  fresh(): Promise<Seen> {
    if (this.#running === undefined) return this.#run()
    this.#next ??= this.#running.then(
      () => this.#run(),
      () => this.#run(),
    )
    return this.#next
  }

  #run(): Promise<Seen> {
    this.#next = undefined
    const running = this.#look().finally(() => {
      if (this.#running === running) this.#running = undefined
    })
    this.#running = running
    return running
  }
}
