/**
 * Mutation operators for Tolk sources. Each takes one statement and gives the ways in which somebody
 * might have got it wrong: a dropped check, a boundary off by one, another receiver, another send mode.
 */

/** One way to change a statement: the operator's name and the text that stands there instead. */
export interface Change {
  readonly operator: string
  readonly text: string
}

type Operator = (text: string) => readonly Change[]

/** Every place of `find`, one change each. */
function swap(operator: string, find: RegExp, put: string | ((match: string) => string)): Operator {
  return (text) =>
    [...text.matchAll(find)].map((match) => {
      const instead = typeof put === 'string' ? put : put(match[0])
      return {
        operator,
        text: text.slice(0, match.index) + instead + text.slice(match.index + match[0].length),
      }
    })
}

function swaps(operator: string, pairs: readonly (readonly [string, string])[]): Operator {
  return (text) =>
    pairs.flatMap(([from, to]) => swap(operator, new RegExp(escaped(from), 'g'), to)(text))
}

function escaped(text: string): string {
  const quoted = text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return `${/^\w/.test(text) ? '\\b' : ''}${quoted}${/\w$/.test(text) ? '\\b' : ''}`
}

const BOUNDARY = [
  [' < ', ' <= '],
  [' <= ', ' < '],
  [' > ', ' >= '],
  [' >= ', ' > '],
] as const

const NEGATED = [
  [' == ', ' != '],
  [' != ', ' == '],
  [' < ', ' >= '],
  [' <= ', ' > '],
  [' > ', ' <= '],
  [' >= ', ' < '],
] as const

const ROLES = [
  ['terms.client', 'terms.provider'],
  ['terms.provider', 'terms.client'],
  ['call.sender', 'terms.client'],
  ['call.sender', 'terms.provider'],
  ['terms.clientKey', 'terms.rest.load().key'],
  ['terms.rest.load().key', 'terms.clientKey'],
  ['terms.rest.load().providerKey', 'terms.clientKey'],
  ['terms.settlementKey', 'delegate.responseKey'],
  ['delegate.responseKey', 'terms.settlementKey'],
  ['terms.threshold', 'terms.revokeThreshold'],
  ['terms.revokeThreshold', 'terms.threshold'],
  ['BURN', 'terms.provider'],
] as const

const MODES = [
  ['SEND_MODE_PAY_FEES_SEPARATELY', 'SEND_MODE_REGULAR'],
  ['SEND_MODE_CARRY_ALL_BALANCE', 'SEND_MODE_CARRY_ALL_REMAINING_MESSAGE_VALUE'],
  ['SEND_MODE_CARRY_ALL_REMAINING_MESSAGE_VALUE', 'SEND_MODE_PAY_FEES_SEPARATELY'],
  [' | SEND_MODE_BOUNCE_ON_ACTION_FAIL', ''],
  [' | SEND_MODE_IGNORE_ERRORS', ''],
  [' | SEND_MODE_DESTROY', ''],
  ['RESERVE_MODE_EXACT_AMOUNT', 'RESERVE_MODE_AT_MOST'],
  [' | RESERVE_MODE_BOUNCE_ON_ACTION_FAIL', ''],
  ['BounceMode.RichBounceOnlyRootCell', 'BounceMode.NoBounce'],
] as const

const ARITHMETIC = [
  [' + ', ' - '],
  [' - ', ' + '],
  [' * ', ' / '],
  [' / ', ' * '],
  [' += ', ' -= '],
  [' -= ', ' += '],
] as const

const LOGIC = [
  [') & (', ') | ('],
  [') | (', ') & ('],
  ['closed & (', 'closed | ('],
  ['open | (', 'open & ('],
  ['!state', 'state'],
  ['(!open', '(open'],
  ['true', 'false'],
  ['false', 'true'],
] as const

const ON_STATEMENTS: readonly Operator[] = [
  (text) => (text.startsWith('assert (') ? [{ operator: 'drop an assertion', text: '' }] : []),
  (text) => (isDroppable(text) ? [{ operator: 'drop a statement', text: '' }] : []),
  (text) =>
    text.startsWith('createMessage({') || text.startsWith('createExternalLogMessage({')
      ? [{ operator: 'drop a message', text: '' }]
      : [],
  swaps('move a boundary', BOUNDARY),
  swaps('negate a comparison', NEGATED),
  swaps('swap a role', ROLES),
  swaps('change a mode', MODES),
  swaps('change arithmetic', ARITHMETIC),
  swaps('change logic', LOGIC),
  swap('swap min and max', /\bmin\(/g, 'max('),
  swap('swap min and max', /\bmax\(/g, 'min('),
  swap('decide an if', /\bif \(.*\) \{/g, 'if (true) {'),
  swap('decide an if', /\bif \(.*\) \{/g, 'if (false) {'),
  swap('skip a signature', /isSignatureValid\([^;]*?\)(?=[);])(?!\()/g, 'true'),
  swap('off by one', /(?<![\w.])\d+(?![\w.])/g, (number) => `${BigInt(number) + 1n}`),
  swap('off by one', /(?<![\w.])[1-9]\d*(?![\w.])/g, (number) => `${BigInt(number) - 1n}`),
  swap('name another code', /\bERROR_\w+/g, (name) => `${name} + 1`),
]

/** Assignments and calls for their effect; a message has its own operator. */
function isDroppable(text: string): boolean {
  if (/^(val|var|return|assert|throw|createMessage|createExternalLogMessage)\b/.test(text)) {
    return false
  }
  return /^[\w.]+( [-+]?= |\()/.test(text) && text.endsWith(';')
}

/** What the constants of a contract may be by mistake: one more and one less. */
const ON_CONSTANTS: readonly Operator[] = [
  swap('off by one', /(?<= = ).+$/g, (value) => `(${value}) + 1`),
  swap('off by one', /(?<= = ).+$/g, (value) => `(${value}) - 1`),
]

/** The operation that a message's body begins with. */
const ON_STRUCTS: readonly Operator[] = [
  swap('another operation', /(?<=^struct \()0x[0-9a-f]+/g, nextHexadecimal),
]

function nextHexadecimal(text: string): string {
  return `0x${(BigInt(text) + 1n).toString(16).padStart(text.length - 2, '0')}`
}

/** All changes of one statement, constant or struct. */
export function changesOf(text: string): readonly Change[] {
  // Where a code is thrown, `name another code` changes it.
  if (text.startsWith('const ERROR_')) return []
  const operators = text.startsWith('const ')
    ? ON_CONSTANTS
    : text.startsWith('struct (')
      ? ON_STRUCTS
      : ON_STATEMENTS
  return operators.flatMap((operator) => operator(text)).filter((change) => change.text !== text)
}
