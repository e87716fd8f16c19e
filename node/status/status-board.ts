/**
 * Where the status of a running peer is shown: on a terminal one block, redrawn in place below the
 * events; anywhere else a line whenever something has changed.
 */
import { styleText } from 'node:util'
import type { StatusRow } from './status-text.ts'

export interface Terminal {
  readonly isTTY: boolean
  readonly columns: number
  write(text: string): void
}

const ESCAPE = '\u001b['
const NAME_WIDTH = 14

export class StatusBoard {
  readonly #terminal: Terminal
  /** Lines of the block that stand on the terminal now. */
  #height = 0
  #lastLine = ''
  #rows: readonly StatusRow[] = []

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** An event: above the block. */
  event(line: string): void {
    this.#erase()
    this.#terminal.write(`${line}\n`)
    this.#draw()
  }

  /** The state of the peer now. `line` holds nothing that changes all the time. */
  show(rows: readonly StatusRow[], line: string): void {
    if (!this.#terminal.isTTY) {
      if (line !== this.#lastLine) this.#terminal.write(`status  ${line}\n`)
      this.#lastLine = line
      return
    }
    this.#erase()
    this.#rows = rows
    this.#draw()
  }

  /** Leaves the last state standing. */
  end(): void {
    this.#height = 0
    this.#rows = []
  }

  #erase(): void {
    if (this.#height > 0) this.#terminal.write(`${ESCAPE}${this.#height}A${ESCAPE}0J`)
    this.#height = 0
  }

  #draw(): void {
    if (!this.#terminal.isTTY || this.#rows.length === 0) return
    const lines = this.#rows.map(([name, value]) => this.#line(name, value))
    this.#terminal.write(`\n${lines.join('\n')}\n`)
    this.#height = lines.length + 1
  }

  /** Cut at the edge: a line that wraps would be two when it is erased. */
  #line(name: string, value: string): string {
    const room = Math.max(1, this.#terminal.columns - NAME_WIDTH - 1)
    const cut = value.length > room ? `${value.slice(0, room - 1)}…` : value
    return `${styleText('dim', name.padEnd(NAME_WIDTH), { stream: process.stdout })}${cut}`
  }
}
