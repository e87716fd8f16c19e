/** Settings: where each comes from, and what is refused. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { editDistance, nearest } from '#node/config/nearest.ts'
import { readConfiguration } from '#node/config/read.ts'
import { SETTING_NAMES, SETTINGS, type Setting } from '#node/config/table.ts'
import { writeSetting } from '#node/config/write.ts'
import { errorCode } from '../support/error-code.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const setting = (name: (typeof SETTING_NAMES)[number]): Setting => SETTINGS[name]

/** Reads with this config.json and these variables. */
function read(file: unknown, environment: Readonly<Record<string, string>> = {}) {
  const root = temporaryFolder()
  mkdirSync(root, { recursive: true })
  if (file !== undefined) {
    const text = typeof file === 'string' ? file : JSON.stringify(file)
    writeFileSync(path.join(root, 'config.json'), text)
  }
  return readConfiguration({ COCOON_DATA: root, ...environment }, '/nonexistent')
}

describe('the table of settings', () => {
  it('names each flag, variable and key once, and describes each', () => {
    for (const field of ['flag', 'variable', 'fileKey'] as const) {
      const names = SETTING_NAMES.flatMap((name) => setting(name)[field]?.split(' ')[0] ?? [])
      expect(new Set(names).size).toBe(names.length)
      expect(names.length).toBeGreaterThan(5)
    }
    for (const name of SETTING_NAMES) expect(setting(name).description.length).toBeGreaterThan(5)
  })

  it('has defaults that its own schemas would let through', () => {
    for (const name of SETTING_NAMES) {
      const { default: value, schema } = setting(name)
      // Amounts are read from text, lists too.
      if (name === 'dataRoot' || !['string', 'number'].includes(typeof value)) continue
      expect(schema.safeParse(value).success, name).toBe(true)
    }
  })
})

describe('reading', () => {
  it('takes the environment before the file before the default, and says which', () => {
    const { settings, origins } = read({ slots: 2, apiPort: 5 }, { COCOON_SLOTS: '3' })
    expect(settings).toMatchObject({ slots: 3, apiPort: 5, coinSymbol: 'TON' })
    expect(origins).toMatchObject({ slots: 'environment', apiPort: 'file', coinSymbol: 'default' })
  })

  it('reads amounts exactly, and only as text', () => {
    expect(read({ price: '0.000000001' }).settings.priceNano).toBe(1n)
    expect(read({}, { COCOON_PRICE_CAP: '12.5' }).settings.priceCapNano).toBe(12_500_000_000n)
    expect(errorCode(() => read({ price: 0.1 }))).toBe('CONFIG_INVALID')
    expect(errorCode(() => read({ price: '0.0000000001' }))).toBe('CONFIG_INVALID')
    expect(errorCode(() => read({ price: '-1' }))).toBe('CONFIG_INVALID')
  })

  it.each([
    ['COCOON_SLOTS', 'x', 'must be a whole number from 1 to 64'],
    ['COCOON_SLOTS', '65', 'must be a whole number from 1 to 64'],
    ['COCOON_DEVICE', 'tpu', 'must be one of cpu, webgpu, cuda, auto'],
    ['COCOON_API_HOST', 'here', 'must be an IP address such as 127.0.0.1'],
    ['COCOON_SYMBOL', '$', 'must be 1 to 8 letters or digits'],
    ['HF_ENDPOINT', 'ftp://host', 'must be an http address such as https://example.org'],
    ['COCOON_SHARE_MODELS', '!', 'must be the name of a licence such as apache-2.0'],
    ['COCOON_MODEL', '', 'must not be empty'],
  ])('%s=%s: says what it must be', (variable, value, message) => {
    expect(() => read({}, { [variable]: value })).toThrow(message)
  })

  it('takes a variable of Hugging Face that is set to nothing for none', () => {
    const { settings } = read({}, { HF_ENDPOINT: '', HF_TOKEN: ' ' })
    expect(settings).toMatchObject({ hubEndpoint: 'https://huggingface.co', hubToken: undefined })
  })

  it('takes a network of the file from beside the file', () => {
    const { settings, file } = read({ network: 'net.json' })
    expect(settings.network).toBe(path.join(path.dirname(file), 'net.json'))
  })

  it.each([
    ['', { COCOON_SLOTS: '' }],
    ['{"slots": 0}', {}],
    ['{"slots": 65}', {}],
    ['{"slots": 1.5}', {}],
    ['{"slots": "1e1"}', {}],
    ['{"logLevel": "loud"}', {}],
    ['{"coinSymbol": "<b>"}', {}],
    ['{"apiPort": 65536}', {}],
    ['[]', {}],
    ['null', {}],
    ['{', {}],
    [`{"model": "${'x'.repeat(70_000)}"}`, {}],
  ])('refuses what is not allowed, case %#', (file, environment) => {
    expect(errorCode(() => read(file || undefined, environment))).toBe('CONFIG_INVALID')
  })

  it('refuses a key that nobody knows, with the nearest one', () => {
    expect(() => read({ slost: 3 })).toThrow(
      expect.objectContaining({ code: 'CONFIG_KEY_UNKNOWN', remedy: 'Did you mean slots?' }),
    )
    expect(errorCode(() => read('{"__proto__": 1}'))).toBe('CONFIG_KEY_UNKNOWN')
  })

  it('refuses a variable of ours that nobody knows, and lets those of others be', () => {
    expect(() => read({}, { COCOON_API_PROT: '1' })).toThrow(
      expect.objectContaining({
        code: 'VARIABLE_UNKNOWN',
        remedy: 'Did you mean COCOON_API_PORT?',
      }),
    )
    expect(read({}, { COCOONUT: '1', PATH: '/bin' }).settings.slots).toBe(4)
  })
})

describe('writing', () => {
  it('changes one key, keeps the others, and the file stays private', () => {
    const { file } = read({ slots: 2 })
    writeSetting(file, 'price', '0.5')
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ slots: 2, price: '0.5' })
    writeSetting(file, 'slots', undefined)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ price: '0.5' })
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('leaves the file alone when it is told something wrong', () => {
    const { file } = read({ slots: 2 })
    expect(errorCode(() => writeSetting(file, 'slots', 'many'))).toBe('CONFIG_INVALID')
    expect(errorCode(() => writeSetting(file, 'slotz', '1'))).toBe('CONFIG_KEY_UNKNOWN')
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ slots: 2 })
  })
})

describe('did you mean', () => {
  it.each([
    ['', '', 0],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
  ])('%s to %s takes %i edits', (a, b, edits) => {
    expect(editDistance(a, b)).toBe(edits)
    expect(editDistance(b, a)).toBe(edits)
  })

  it('suggests nothing that is far away', () => {
    expect(nearest('zzzzzz', ['slots', 'price'])).toBeUndefined()
    expect(nearest('APIPORT', ['apiPort', 'slots'])).toBe('apiPort')
  })
})
