/** What every command is given. */
import type { Settings } from '#node/config.ts'
import { type Coins, coinsIn } from '#node/text.ts'
import type { ExitCode } from './failure.ts'
import type { Interrupts } from './interrupts.ts'
import type { Output } from './output.ts'

export interface CliContext {
  readonly settings: Settings
  readonly output: Output
  readonly interrupts: Interrupts
  readonly coins: Coins
  /** Ends the program with this code when the command has returned. */
  readonly exitWith: (code: ExitCode) => void
}

export function createContext(parts: Omit<CliContext, 'coins'>): CliContext {
  return { ...parts, coins: coinsIn(parts.settings.coinSymbol) }
}
