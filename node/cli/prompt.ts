/** Questions to a person on a terminal; the talk goes to stderr, so that results can be piped. */
import { createInterface } from 'node:readline/promises'

export interface Prompt {
  /** Somebody sits at the terminal. */
  readonly isInteractive: boolean
  /** An answer that is not shown while it is typed. Ctrl-C rejects with an AbortError. */
  hidden(question: string): Promise<string>
  /** True for y or yes. */
  confirm(question: string): Promise<boolean>
  /** All of standard input, `charsMax` at most. */
  input(charsMax: number): Promise<string>
}

const CONTROL_C = '\u0003'
const BACKSPACES = ['\b', '\u007f']

export const processPrompt: Prompt = {
  get isInteractive() {
    return process.stdin.isTTY === true && process.stderr.isTTY === true
  },
  hidden: readHidden,
  async confirm(question) {
    const lines = createInterface({ input: process.stdin, output: process.stderr })
    try {
      return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim())
    } finally {
      lines.close()
    }
  },
  async input(charsMax) {
    let text = ''
    for await (const part of process.stdin.setEncoding('utf8')) {
      text += part
      if (text.length > charsMax) break
    }
    return text
  },
}

/** Raw mode: the terminal echoes nothing, so that nothing stays in its memory. */
function readHidden(question: string): Promise<string> {
  const { stdin, stderr } = process
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let typed = ''
  const end = (finish: () => void): void => {
    stdin.off('data', take).setRawMode(false).pause()
    stderr.write('\n')
    finish()
  }
  const take = (part: string): void => {
    for (const character of part) {
      if (character === '\r' || character === '\n') {
        end(() => resolve(typed))
        return
      }
      if (character === CONTROL_C) {
        end(() => reject(new DOMException('', 'AbortError')))
        return
      }
      typed = BACKSPACES.includes(character) ? typed.slice(0, -1) : typed + character
    }
  }
  stderr.write(question)
  stdin.setEncoding('utf8').setRawMode(true).on('data', take).resume()
  return promise
}
