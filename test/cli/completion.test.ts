/** Completion scripts, loaded by the shells themselves. Shells that are missing are named as skipped. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { bashCompletion } from '#node/cli/completion/bash.ts'
import { fishCompletion } from '#node/cli/completion/fish.ts'
import { completionNodes } from '#node/cli/completion/tree.ts'
import { zshCompletion } from '#node/cli/completion/zsh.ts'
import { buildProgram } from '#node/cli/program.ts'
import { testContext } from '../support/cli-context.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const nodes = () => completionNodes(buildProgram(testContext().context))

function has(shell: string): boolean {
  const found = spawnSync(shell, ['-c', 'true']).status === 0
  if (!found) process.stderr.write(`SKIPPED: ${shell} is missing, its completion goes untested\n`)
  return found
}

/** What is typed, and what must be among the candidates. Unique beginnings, so that one Tab decides. */
const CASES: readonly (readonly [string, string])[] = [
  ['cocoon dra', 'drain'],
  ['cocoon jobs sub', 'submit'],
  ['cocoon jobs list --js', '--json'],
  ['cocoon up --slo', '--slots'],
  // The value of a flag is no command, even when it is called like one.
  ['cocoon up --name status --slo', '--slots'],
  ['cocoon testnet sta', 'status'],
  ['cocoon config show --ori', '--origin'],
]

const withText = (text: string): string => {
  const file = path.join(temporaryFolder(), 'completion')
  writeFileSync(file, text)
  return file
}

describe('the tree', () => {
  it('holds every command with its options, and knows what follows a flag', () => {
    const byPath = new Map(nodes().map((node) => [node.path, node]))
    for (const name of ['', 'up', 'client', 'jobs list', 'service install', 'completion bash']) {
      expect(byPath.has(name), name).toBe(true)
    }
    const value = (at: string, long: string) =>
      byPath.get(at)!.options.find((option) => option.long === long)?.value
    expect(value('up', '--network')).toBe('file')
    expect(value('up', '--data')).toBe('folder')
    expect(value('up', '--slots')).toBe('text')
    expect(value('up', '--json')).toBe('none')
    expect(byPath.get('receipts verify')!.argument).toBe('file')
  })
})

describe.runIf(has('bash'))('bash', () => {
  const complete = (typed: string, cwd = '/'): string[] => {
    const words = typed.split(' ')
    const script = `source ${withText(bashCompletion(nodes()))}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length - 1}
compopt() { :; }
_cocoon
printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', script], {
      encoding: 'utf8',
      cwd,
    })
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    return stdout.split('\n').filter((line) => line !== '')
  }

  it.each(CASES)('%s', (typed, wanted) => expect(complete(typed)).toEqual([wanted]))

  it('offers commands and options at the root, and nothing for a free value', () => {
    expect(complete('cocoon ')).toEqual(expect.arrayContaining(['up', 'client', '--help']))
    expect(complete('cocoon up --name ')).toEqual([])
  })

  it('offers files and folders where they belong', () => {
    const folder = temporaryFolder()
    writeFileSync(path.join(folder, 'network.json'), '')
    mkdirSync(path.join(folder, 'net-data'))
    expect(complete('cocoon up --network net', folder).sort()).toEqual(['net-data', 'network.json'])
    expect(complete('cocoon up --data net', folder)).toEqual(['net-data'])
    expect(complete('cocoon receipts verify netw', folder)).toEqual(['network.json'])
  })
})

describe.runIf(has('fish'))('fish', () => {
  const complete = (typed: string): string[] => {
    const script = `source ${withText(fishCompletion(nodes()))}; complete -C "${typed}"`
    const { stdout, stderr, status } = spawnSync('fish', ['--no-config', '-c', script], {
      encoding: 'utf8',
      env: { ...process.env, HOME: temporaryFolder(), TERM: 'dumb' },
    })
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : (line.split('\t')[0] ?? [])))
  }

  it.each(CASES)('%s', (typed, wanted) => expect(complete(typed)).toEqual([wanted]))
})

describe.runIf(has('zsh'))('zsh', () => {
  /** A zsh at a pseudo-terminal: Tab is pressed, and the line that it made is run. */
  const completedLine = (typed: string): string => {
    const folder = temporaryFolder()
    const file = withText(zshCompletion(nodes()))
    const out = path.join(folder, 'line')
    const setUp = [
      'autoload -Uz compinit',
      `compinit -u -d ${folder}/dump`,
      `source ${file}`,
      `cocoon() { print -r -- "cocoon $*" > ${out} }`,
      `print ready > ${folder}/ready`,
    ].join('; ')
    const script = `zmodload zsh/zpty
until_file() { local -i n=0; while [[ ! -s $1 && $n -lt 400 ]]; do sleep 0.05; zpty -r -t z _ 2>/dev/null; n+=1; done }
zpty -b z zsh -f -i
zpty -w z '${setUp.replace(/'/g, `'\\''`)}'
until_file ${folder}/ready
zpty -w -n z $'${typed}\\t\\n'
until_file ${out}
zpty -d z
cat ${out}`
    const { stdout } = spawnSync('zsh', ['-f', '-c', script], {
      encoding: 'utf8',
      env: { ...process.env, HOME: folder, TERM: 'dumb' },
    })
    return stdout.trim()
  }

  it.each(CASES)('%s', (typed, wanted) => {
    const words = typed.split(' ')
    expect(completedLine(typed)).toBe([...words.slice(0, -1), wanted].join(' '))
  })
})
