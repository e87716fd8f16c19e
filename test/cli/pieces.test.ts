/** The small parts: job files, numbers, amounts, exit codes, settings, logs. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EXIT, exitCodeOf } from '#node/cli/failure.ts'
import { parseJobFile } from '#node/cli/job-file.ts'
import { parseCoins, parseCount } from '#node/cli/numbers.ts'
import { readSettings } from '#node/config.ts'
import { JOB_LINES_MAX } from '#node/gateway/constants.ts'
import { createLog, describeError } from '#node/log.ts'
import { coinsIn, shortAddress, table } from '#node/text.ts'
import {
  AttestationError,
  ConfigError,
  SettlementError,
  UnavailableError,
} from '#protocol/errors.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

describe('a job file', () => {
  it.each([
    ['', 'line 1: the file holds no request'],
    ['{"prompt":"a"}\nnot json', 'line 2: not JSON'],
    ['{"prompt":"a"}\n\n{"promt":"a"}', 'line 3: unknown or unsupported field: promt'],
    ['{"custom_id":"a"}', 'line 1: the body: needs either messages or prompt'],
    ['{"prompt":"a","messages":[{"role":"user","content":"b"}]}', 'line 1:'],
    ['{"prompt":"a","max_tokens":0}', 'line 1: max_tokens'],
    [
      '{"prompt":"a","custom_id":"x"}\n{"prompt":"b","custom_id":"x"}',
      'line 2: custom_id as on line 1',
    ],
    ['{"prompt":"a"}\n'.repeat(JOB_LINES_MAX + 1), `line ${JOB_LINES_MAX + 1}: more than`],
  ])('is refused with the line: %#', (content, message) => {
    expect(() => parseJobFile(content)).toThrow(message)
  })

  it('never quotes what it could not read', () => {
    expect(() => parseJobFile('{"prompt": secret')).not.toThrow('secret')
  })
})

describe('amounts', () => {
  it('are read and shown exactly', () => {
    const coins = coinsIn('TON')
    expect(coins(4_200_000n)).toBe('0.0042 TON')
    expect(coins(-1n)).toBe('-0.000000001 TON')
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }), (nano) => {
        expect(parseCoins(coins(nano).replace(' TON', ''))).toBe(nano)
      }),
    )
  })

  it.each(['', '-1', '1e3', '0.0000000001', '1.', 'x'])('%j is not an amount', (text) => {
    expect(() => parseCoins(text)).toThrow('amount')
  })

  it.each(['', '-1', '1.5', 'x', '99999999999'])('%j is not a count', (text) => {
    expect(() => parseCount(text)).toThrow('whole number')
  })
})

describe('text', () => {
  it('aligns columns', () => {
    const rows = [
      { name: 'a', count: 1 },
      { name: 'long name', count: 100 },
    ]
    const shown = table(rows, [
      { title: 'NAME', cell: (row) => row.name },
      { title: 'N', cell: (row) => String(row.count), align: 'right' },
    ])
    expect(shown).toBe('NAME         N\na            1\nlong name  100')
    expect(shortAddress(`0:${'a'.repeat(64)}`)).toBe('0:aaaaaa…aaaaaa')
  })
})

describe('exit codes', () => {
  it.each([
    [new ConfigError('X', 'x'), EXIT.usage],
    [new UnavailableError('X', 'x'), EXIT.unreachable],
    [new AttestationError('X', 'x'), EXIT.attestation],
    [new SettlementError('X', 'x'), EXIT.payment],
    [new UnavailableError('INTERNAL', 'x'), EXIT.failed],
    [new UnavailableError('INTERRUPTED', 'x'), EXIT.interrupted],
  ])('follow what the caller can do: %s', (error, code) => {
    expect(exitCodeOf(error)).toBe(code)
  })
})

describe('settings', () => {
  it('prefer the environment to the file and the file to the default', () => {
    const home = temporaryFolder()
    const root = path.join(home, '.local', 'share', 'cocoon')
    expect(readSettings({}, home)).toMatchObject({
      dataRoot: root,
      apiPort: 11435,
      coinSymbol: 'TON',
    })
    mkdirSync(root, { recursive: true })
    writeFileSync(path.join(root, 'config.json'), '{"apiPort":1,"coinSymbol":"GRAM"}')
    expect(readSettings({ COCOON_API_PORT: '2' }, home)).toMatchObject({
      apiPort: 2,
      coinSymbol: 'GRAM',
    })
    expect(readSettings({ XDG_DATA_HOME: '/x' }, home).dataRoot).toBe('/x/cocoon')
    writeFileSync(path.join(root, 'config.json'), '{"apiPorf":1}')
    expect(() => readSettings({}, home)).toThrow('apiPorf')
  })
})

describe('the log', () => {
  it('hides what is private, at the top and one level down', () => {
    const lines: string[] = []
    const log = createLog({ name: 'p', level: 'info', write: (line) => lines.push(line) })
    log.info(
      { walletSeed: 'hidden', peer: { identitySeed: 'hidden', prompt: 'hidden' } },
      'started',
    )
    expect(lines.join('')).toContain('started')
    expect(lines.join('')).not.toContain('hidden')
  })
  it("describes a stranger's error without its message, ours with it", () => {
    const cause = new SyntaxError('Unexpected token in "the prompt"')
    const shown = describeError(new ConfigError('OURS', 'our words', { cause }))
    expect(shown).toContain('OURS: our words')
    expect(shown).toContain('caused by SyntaxError')
    expect(shown).not.toContain('the prompt')
  })
})
