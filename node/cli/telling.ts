/** How a command that runs for a while talks to whoever watches. */

/** Says a line to whoever watches: stdout, or stderr when stdout is for machines. */
export type Say = (line: string) => void

export interface Telling {
  readonly say: Say
  /** Shows a provider by its name in this network. */
  readonly nameOf: (provider: string) => string
}
