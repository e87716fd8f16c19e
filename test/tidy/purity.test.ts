/** Clock, randomness and timers are passed in: nothing outside node/ reaches for them. */
import { describe, expect, it } from 'vitest'
import { sourceFiles } from '#test/support/source-files.ts'

const pureRooms = ['protocol', 'inference', 'attestation', 'settlement'] as const

const banned: readonly (readonly [string, RegExp])[] = [
  ['Date.now', /\bDate\.now\b/],
  ['new Date()', /\bnew Date\(\s*\)/],
  ['Math.random', /\bMath\.random\b/],
  ['timers', /\b(setTimeout|setInterval|setImmediate)\s*\(/],
  ['AbortSignal.timeout', /\bAbortSignal\.timeout\b/],
  ['console', /\bconsole\.\w+\(/],
]

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')
}

describe('purity', () => {
  it.each(pureRooms)('%s takes its clock, chance and timers from outside', (room) => {
    const files = sourceFiles(room)
    expect(files.length).toBeGreaterThan(3)
    const wrong = files.flatMap((file) =>
      banned
        .filter(([, pattern]) => pattern.test(withoutComments(file.text)))
        .map(([name]) => `${file.path}: ${name}`),
    )
    expect(wrong).toEqual([])
  })

  it('protocol touches no file, socket or process', () => {
    const wrong = sourceFiles('protocol')
      .filter((file) =>
        /from 'node:(fs|net|http|https|child_process|worker_threads)/.test(file.text),
      )
      .map((file) => file.path)
    expect(wrong).toEqual([])
  })
})
