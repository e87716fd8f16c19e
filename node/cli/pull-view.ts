/** Shows a pull: a bar on a terminal, a line for each tenth anywhere else, or events as JSON lines. */
import { type PullEvent, PullProgress, type TellPull } from '#node/models/pull-events.ts'
import { bytesText } from './model-text.ts'
import type { Output } from './output.ts'
import { type Bytes, Pace } from './pace.ts'

/** With numbers, speed and time the line fits a terminal of 80 columns. */
const BAR_CHARS = 20
const ESCAPE = '\u001b['

export interface PullView {
  readonly tell: TellPull
  /** Takes the bar away. */
  end(): void
}

/** @param nowMs any clock that goes on evenly */
export function pullView(output: Output, json: boolean, nowMs?: () => number): PullView {
  if (json) return { tell: (event) => output.json(event), end: () => undefined }
  const pace = new Pace(nowMs)
  return output.terminal.isTTY ? barView(output, pace) : lineView(output, pace)
}

/** Hashing what is on the disk: a bar on a terminal, silence anywhere else. */
export function hashView(output: Output, json: boolean, bytesTotal: number) {
  const view = json || !output.terminal.isTTY ? undefined : barView(output, new Pace())
  const progress = new PullProgress((event) => view?.tell(event), bytesTotal, 0)
  return { onBytes: (bytes: number) => progress.add(bytes), end: () => view?.end() }
}

function barView({ terminal, talk }: Output, pace: Pace): PullView {
  let bar = ''
  const erase = () => bar !== '' && terminal.write(`\r${ESCAPE}2K`)
  return {
    tell(event) {
      const line = lineOf(event)
      erase()
      if (line !== undefined) talk(line)
      // A line that wraps could not be taken away.
      if (event.kind === 'progress') {
        bar = `${barOf(event)}${pace.text(event)}`.slice(0, terminal.columns - 1)
      }
      terminal.write(bar)
    },
    end() {
      erase()
      bar = ''
    },
  }
}

/** Pure text of one state. */
export function barOf({ bytesDone, bytesTotal }: Bytes): string {
  const share = bytesTotal === 0 ? 1 : Math.max(0, Math.min(1, bytesDone / bytesTotal))
  const full = Math.round(share * BAR_CHARS)
  const percent = `${Math.floor(share * 100)}`.padStart(3)
  const bar = `${'#'.repeat(full)}${'.'.repeat(BAR_CHARS - full)}`
  return `[${bar}] ${percent} %  ${bytesText(bytesDone)} of ${bytesText(bytesTotal)}`
}

function lineView({ talk }: Output, pace: Pace): PullView {
  let toldTenth = 0
  return {
    tell(event) {
      const line = lineOf(event)
      if (line !== undefined) talk(line)
      if (event.kind !== 'progress') return
      const tenth = Math.floor((10 * event.bytesDone) / event.bytesTotal)
      const rest = pace.text(event)
      if (tenth > toldTenth) talk(`${tenth * 10} % of ${bytesText(event.bytesTotal)}${rest}`)
      toldTenth = tenth
    },
    end: () => undefined,
  }
}

/** Undefined: not worth a line. */
function lineOf(event: PullEvent): string | undefined {
  switch (event.kind) {
    case 'plan': {
      const here = event.bytesHere === 0 ? '' : `, ${bytesText(event.bytesHere)} of it here already`
      return `${event.files} files, ${bytesText(event.bytesTotal)}${here}`
    }
    case 'file':
      return `${event.path}  sha256 ${event.sha256}`
    case 'retry':
      return `${event.what}: ${event.reason}; again in ${Math.ceil(event.waitMs / 1_000)} s`
    case 'source':
      return `asks ${event.peerId}`
    case 'source-dropped':
      return `drops ${event.peerId}: ${event.reason}`
    case 'notice':
      return event.message
    case 'progress':
      return undefined
  }
}
