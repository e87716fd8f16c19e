/** What one check found, and what to do about it. */

export type Health = 'pass' | 'warn' | 'fail'

export interface Finding {
  readonly health: Health
  /** What is so, with the number that was measured. */
  readonly found: string
  /** What to do; empty when there is nothing to do. */
  readonly fix: string
}

export const pass = (found: string): Finding => ({ health: 'pass', found, fix: '' })
/** Works, but not for long, not fast, or not for every role. */
export const warn = (found: string, fix: string): Finding => ({ health: 'warn', found, fix })
/** Something that was asked for will not work. */
export const fail = (found: string, fix: string): Finding => ({ health: 'fail', found, fix })
