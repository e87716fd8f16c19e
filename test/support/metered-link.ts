/**
 * Client meter and provider meter on two ends of a link that delays but never reorders. Every choice
 * (who moves next, how much is produced at once) comes from the given numbers, so that a run repeats.
 */
import { priceNano } from '#protocol/money.ts'
import {
  type ClientMeter,
  type ClientMeterEffect,
  type ClientMeterEvent,
  type ClientMeterTerms,
  startClientMeter,
  stepClientMeter,
} from '#protocol/session/client-meter.ts'
import {
  type ProviderMeter,
  type ProviderMeterEffect,
  type ProviderMeterEvent,
  startProviderMeter,
  stepProviderMeter,
} from '#protocol/session/provider-meter.ts'
import { unitsCostNano } from '#protocol/session/units.ts'

export interface MeteredRun {
  readonly client: ClientMeter
  readonly provider: ProviderMeter
  readonly usedNano: bigint
  readonly checkpoints: number
  readonly violations: readonly string[]
}

export interface RunOptions {
  readonly terms: ClientMeterTerms
  /** The answer ends after this many completion tokens, at most completionTokensMax. */
  readonly completionTokens: number
  /** Cached tokens are reported, though not assumed, from the first checkpoint on. */
  readonly cachedTokens: number
  /** Endless source of choices, each >= 0. */
  readonly choose: (below: number) => number
  /** Called after every step. */
  readonly observe: (client: ClientMeter, provider: ProviderMeter) => void
}

export function runMetered(options: RunOptions): MeteredRun {
  const link = new MeteredLink(options)
  link.run()
  return link.result()
}

class MeteredLink {
  readonly #options: RunOptions
  #client: ClientMeter
  #provider: ProviderMeter
  readonly #toClient: ClientMeterEvent[] = []
  readonly #toProvider: ProviderMeterEvent[] = []
  readonly #violations: string[] = []
  #checkpoints = 0
  #usedNano = 0n

  constructor(options: RunOptions) {
    this.#options = options
    this.#client = startClientMeter(options.terms)
    this.#provider = startProviderMeter(options.terms)
  }

  run(): void {
    this.#providerStep({ kind: 'start' })
    this.#clientStep({ kind: 'start' })
    while (this.#client.phase === 'metering') {
      const moves = this.#moves()
      const move = moves[this.#options.choose(moves.length)]
      if (move === undefined) throw new Error('deadlock: nobody can move and it is not finished')
      move()
      this.#options.observe(this.#client, this.#provider)
    }
  }

  result(): MeteredRun {
    return {
      client: this.#client,
      provider: this.#provider,
      usedNano: this.#usedNano,
      checkpoints: this.#checkpoints,
      violations: this.#violations,
    }
  }

  #moves(): (() => void)[] {
    const moves: (() => void)[] = []
    if (this.#toClient.length > 0) moves.push(() => this.#clientStep(this.#toClient.shift()!))
    if (this.#toProvider.length > 0) moves.push(() => this.#providerStep(this.#toProvider.shift()!))
    if (this.#canWork()) moves.push(() => this.#work())
    return moves
  }

  #done(): number {
    return this.#provider.promptDone + this.#provider.completionDone
  }

  #isComplete(): boolean {
    return (
      this.#provider.completionDone === this.#options.completionTokens && this.#promptLeft() === 0
    )
  }

  #promptLeft(): number {
    return this.#options.terms.promptTokens - this.#provider.promptDone
  }

  #canWork(): boolean {
    if (this.#provider.phase !== 'metering') return false
    return this.#isComplete() || this.#done() < this.#provider.unitsAllowed
  }

  #work(): void {
    if (this.#isComplete()) {
      this.#providerStep({ kind: 'ended' })
      this.#toClient.push({ kind: 'ended', ...this.#claim() })
      return
    }
    const part = this.#promptLeft() > 0 ? 'prompt' : 'completion'
    const left =
      this.#promptLeft() || this.#options.completionTokens - this.#provider.completionDone
    const paid = this.#provider.unitsAllowed - this.#done()
    const units = 1 + this.#options.choose(Math.min(left, paid))
    const doneTokens = this.#provider.promptDone + units
    this.#toClient.push(
      part === 'prompt'
        ? { kind: 'prompt-progress', doneTokens }
        : { kind: 'tokens', count: units },
    )
    this.#providerStep({ kind: 'produced', units, part })
  }

  #claim() {
    const { promptDone: promptTokens, completionDone: completionTokens } = this.#provider
    const cachedTokens = Math.min(this.#options.cachedTokens, promptTokens)
    const counts = { promptTokens, cachedTokens, completionTokens }
    this.#usedNano = priceNano(this.#options.terms.prices, counts)
    return { ...counts, usedNano: this.#usedNano }
  }

  #clientStep(event: ClientMeterEvent): void {
    const { state, effects } = stepClientMeter(this.#client, event)
    this.#client = state
    for (const effect of effects) this.#onClientEffect(effect)
  }

  #onClientEffect(effect: ClientMeterEffect): void {
    if (effect.kind === 'violation') this.#violations.push(effect.code)
    else this.#toProvider.push({ kind: 'allocated', nano: effect.allocatedNano })
  }

  #providerStep(event: ProviderMeterEvent): void {
    const { state, effects } = stepProviderMeter(this.#provider, event)
    this.#provider = state
    for (const effect of effects) this.#onProviderEffect(effect)
  }

  #onProviderEffect(effect: ProviderMeterEffect): void {
    if (effect.kind === 'violation') this.#violations.push(effect.code)
    if (effect.kind !== 'checkpoint') return
    this.#checkpoints++
    this.#toClient.push({ kind: 'checkpoint', ...this.#claim() })
  }
}

/** nanoTON that the client paid ahead of what it holds. */
export function exposureNano(client: ClientMeter): bigint {
  const { terms, promptDone, completionDone } = client
  const held = unitsCostNano(terms.prices, terms.promptTokens, 0, promptDone + completionDone)
  return client.allocatedNano > held ? client.allocatedNano - held : 0n
}
