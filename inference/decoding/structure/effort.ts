/**
 * How much a grammar may be followed for one token. Schemas of strangers decide it, and whoever decodes beside them
 * waits for it; counted in steps and not in time, so that it ends alike on every machine.
 */
import { ConfigError } from '#protocol/errors.ts'
import { GRAMMAR_STEPS_MAX } from '../../constants.ts'

export class Effort {
  #left = GRAMMAR_STEPS_MAX

  /** For the next token, or the next look at one. */
  renew(): void {
    this.#left = GRAMMAR_STEPS_MAX
  }

  /** @throws ConfigError SCHEMA_TOO_COSTLY */
  spend(): void {
    if (--this.#left >= 0) return
    throw new ConfigError('SCHEMA_TOO_COSTLY', 'the schema can be read in too many ways at once', {
      remedy: 'Give it fewer alternatives that begin alike.',
      data: { stepsMax: GRAMMAR_STEPS_MAX },
    })
  }
}
