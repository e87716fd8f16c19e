/** A Tolk source as its statements: what the mutation operators work on, and where it stands. */

export interface Statement {
  /** The function around it; for a constant or a struct, `top`. */
  readonly within: string
  /** One line without its comment, or a message that is built and sent over several. */
  readonly text: string
  /** From the first character of `text` to the last, in the source. */
  readonly from: number
  readonly to: number
}

const OPENS_FUNCTION = /^(?:get )?fun ([\w.<>]+)/
const ENDS_MESSAGE = /\.send\([^;]*\);$/

/** Statements in the order of the source. Comments, signatures and braces alone are none. */
export function statementsOf(source: string): readonly Statement[] {
  const found: Statement[] = []
  const lines = source.split('\n')
  let offset = 0
  let within = 'top'
  let message: number | undefined
  for (const line of lines) {
    const code = withoutComment(line)
    const from = offset + (code.length - code.trimStart().length)
    const to = offset + code.trimEnd().length
    const text = code.trim()
    offset += line.length + 1
    if (OPENS_FUNCTION.test(text)) within = OPENS_FUNCTION.exec(text)?.[1] ?? within
    if (isMessage(text)) message = from
    if (message !== undefined && ENDS_MESSAGE.test(text)) {
      found.push({ within, text: source.slice(message, to), from: message, to })
      message = undefined
    } else if (message === undefined && isStatement(text)) {
      found.push({ within, text, from, to })
    }
    if (code.startsWith('}')) within = 'top'
  }
  return found
}

function isMessage(text: string): boolean {
  return /^create(ExternalLog)?Message\(\{/.test(text)
}

function isStatement(text: string): boolean {
  if (text === '' || /^[})\];,]+$/.test(text)) return false
  return !/^(import|type|asm|@|(get )?fun )/.test(text)
}

function withoutComment(line: string): string {
  const at = line.indexOf('//')
  return at === -1 ? line : line.slice(0, at)
}
