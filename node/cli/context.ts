/** What every command is given. */
import type { Configuration } from '#node/config/read.ts'
import type { Settings } from '#node/config.ts'
import { type Coins, coinsIn } from '#node/text.ts'
import type { ExitCode } from './failure.ts'
import type { Interrupts } from './interrupts.ts'
import type { Output } from './output.ts'

export interface CliContext {
  /** The settings with where each came from. */
  readonly configuration: Configuration
  readonly settings: Settings
  readonly output: Output
  readonly interrupts: Interrupts
  readonly coins: Coins
  /** Ends the program with this code when the command has returned. */
  readonly exitWith: (code: ExitCode) => void
}

export function createContext(parts: Omit<CliContext, 'coins' | 'settings'>): CliContext {
  const { settings } = parts.configuration
  return { ...parts, settings, coins: coinsIn(settings.coinSymbol) }
}
