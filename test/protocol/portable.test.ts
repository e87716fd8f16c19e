/** A browser must be able to run the protocol: only the node:crypto port may need Node. */
import { describe, expect, it } from 'vitest'
import { sourceFiles } from '#test/support/source-files.ts'

const NEEDS_NODE = /from 'node:|\bBuffer\.\w|\bprocess\.\w|\bglobalThis\.(?!crypto\b)/

describe('protocol in a browser', () => {
  it('needs nothing of Node outside crypto/node.ts', () => {
    const files = sourceFiles('protocol')
    expect(files.length).toBeGreaterThan(20)
    const needing = files.filter(({ text }) => NEEDS_NODE.test(text)).map(({ path }) => path)
    expect(needing).toEqual(['protocol/crypto/node.ts'])
  })

  it('never imports the node:crypto port', () => {
    const importing = sourceFiles('protocol').filter(({ text }) => /crypto\/node\.ts'/.test(text))
    expect(importing).toEqual([])
  })
})
