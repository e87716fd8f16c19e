/** Settings of the program: flag > environment > file > default. See node/config/table.ts. */
import { readConfiguration } from './config/read.ts'
import type { Settings } from './config/table.ts'

export type { Settings } from './config/table.ts'

/** @throws ConfigError CONFIG_INVALID, CONFIG_KEY_UNKNOWN, VARIABLE_UNKNOWN */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
  homeDir: string,
): Settings {
  return readConfiguration(environment, homeDir).settings
}
