/** Arrays and objects: one space at most after a comma or colon, no other white space. */
import type { Automaton } from './automaton.ts'
import { type Frame, type FrameOf, type NameList, resume } from './frames.ts'
import type { Literal, ObjectNode } from './nodes.ts'
import { nameStep } from './string-step.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const SPACE = 0x20
const COLON: Literal = { id: -1, bytes: Uint8Array.of(0x3a) }

export function arrayStep(
  automaton: Automaton,
  frame: FrameOf<'array'>,
  byte: number,
  remembers: boolean,
): Frame[] {
  const { node, depth, phase, items, then } = frame
  const { table } = automaton
  if (phase === 'open') return byte === 0x5b ? [table.frame({ ...frame, phase: 'first' })] : []
  if (byte === 0x5d) return items >= node.minItems ? resume(then) : []
  if (items >= node.maxItems || !automaton.canEnter(node.items, depth + 1)) return []
  const isCounted = Number.isFinite(node.maxItems) || items < node.minItems
  const after = table.frame({ ...frame, phase: 'after', items: isCounted ? items + 1 : items })
  if (phase === 'after') {
    return byte === COMMA ? [automaton.value(node.items, depth + 1, true, after)] : []
  }
  return automaton.step(automaton.value(node.items, depth + 1, false, after), byte, remembers)
}

export function objectStep(automaton: Automaton, frame: FrameOf<'object'>, byte: number): Frame[] {
  const { node, phase, next, then } = frame
  const at = (to: typeof phase) => [automaton.table.frame({ ...frame, phase: to })]
  switch (phase) {
    case 'open':
      return byte === 0x7b ? at('first') : []
    case 'spaced':
      if (byte === SPACE) return at('next')
      return byte === QUOTE ? members(automaton, frame) : []
    case 'next':
      return byte === QUOTE ? members(automaton, frame) : []
    default: {
      if (byte === 0x7d) {
        return node.properties.slice(next).some((each) => each.required) ? [] : resume(then)
      }
      if (phase === 'first') return byte === QUOTE ? members(automaton, frame) : []
      return byte === COMMA && members(automaton, frame).length > 0 ? at('spaced') : []
    }
  }
}

/** Members that may come next, after the quote that opens their names. */
function members(automaton: Automaton, frame: FrameOf<'object'>): Frame[] {
  const { node, depth, next, names, then } = frame
  const found: Frame[] = []
  for (const [at, property] of node.properties.entries()) {
    if (at < next || !automaton.canEnter(property.node, depth + 1)) continue
    const after = automaton.table.frame({ ...frame, phase: 'after', next: at + 1 })
    found.push(
      automaton.text(property.label, 1, automaton.value(property.node, depth + 1, true, after)),
    )
    if (property.required) return found
  }
  if (node.additional === undefined || !automaton.canEnter(node.additional, depth + 1)) return found
  found.push(automaton.table.frame({ kind: 'name', node, depth, names, name: '', phase: 0, then }))
  return found
}

/** A free name: none that the schema names, and none that the object has already. */
export function writtenNameStep(
  automaton: Automaton,
  frame: FrameOf<'name'>,
  byte: number,
  remembers: boolean,
): Frame[] {
  const { node, depth, names, name, then } = frame
  const { table } = automaton
  const step = nameStep(frame.phase, byte)
  if (step === undefined) return []
  if (step !== 'closed') {
    const longer = name === undefined ? undefined : name + String.fromCharCode(byte)
    const next = table.frame({ ...frame, phase: step, name: longer })
    return [remembers ? next : withoutName(automaton, next)]
  }
  if (name !== undefined && takenNames(node, names).includes(name)) return []
  if (node.additional === undefined) return []
  const after = table.frame({
    kind: 'object',
    node,
    depth,
    phase: 'after',
    next: node.properties.length,
    names: remembers && name !== undefined ? table.named(name, names) : names,
    then,
  })
  return [automaton.text(COLON, 0, automaton.value(node.additional, depth + 1, true, after))]
}

/** A name that can no longer become a taken one need not be known to make a mask. */
export function withoutName(automaton: Automaton, frame: Frame): Frame {
  if (frame.kind !== 'name' || frame.name === undefined) return frame
  const { name } = frame
  if (takenNames(frame.node, frame.names).some((taken) => taken.startsWith(name))) return frame
  return automaton.table.frame({ ...frame, name: undefined })
}

/** As their bytes, one character each. */
function takenNames(node: ObjectNode, names: NameList | undefined): string[] {
  const taken = node.properties.map(({ name }) => bytesText(name))
  for (let each = names; each !== undefined; each = each.before) taken.push(each.name)
  return taken
}

function bytesText(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text))
}
