/** The program as a person runs it: arguments in, streams and exit code out. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { answerWith } from '../support/scripted-client-service.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const main = path.resolve(import.meta.dirname, '../../node/main.ts')

function start(parameters: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', main, ...parameters],
    {
      env: { PATH: process.env['PATH'], COCOON_DATA: temporaryFolder(), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const text = { stdout: '', stderr: '' }
  child.stdout.on('data', (part) => {
    text.stdout += part
  })
  child.stderr.on('data', (part) => {
    text.stderr += part
  })
  const ended = once(child, 'close').then(([code]) => ({ code, ...text }))
  return { child, ended }
}

const cocoon = (parameters: readonly string[], environment?: Record<string, string>) =>
  start(parameters, environment).ended

describe('cocoon', () => {
  it('alone prints grouped help with three examples', async () => {
    const { code, stdout } = await cocoon([])
    expect(code).toBe(0)
    for (const group of ['Run a peer:', 'Use the network:', 'Look at it:', 'Examples:']) {
      expect(stdout).toContain(group)
    }
    expect(stdout.match(/^ {2}cocoon /gm)).toHaveLength(3)
    expect(stdout).not.toContain('\u001b[')
  })

  it('version --json is one document', async () => {
    const { code, stdout } = await cocoon(['version', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ node: process.versions.node, protocol: 1 })
  })

  it.each([
    [['frobnicate'], 'frobnicate'],
    [['run', 'only-a-model'], 'prompt'],
    [['testnet', '--providers', '0'], 'providers'],
    [['testnet', '--api-port', '70000'], 'api-port'],
    [['offers', '--colour'], '--colour'],
  ])('%j is a usage error', async (parameters, named) => {
    const { code, stdout, stderr } = await cocoon(parameters)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    const lines = stderr.trimEnd().split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[0]).toContain(named)
    expect(lines[2]).toContain('docs/ERRORS.md#usage')
  })

  it('says what to do when nothing runs, exit 3, as JSON when asked', async () => {
    const api = { COCOON_API: 'http://127.0.0.1:1' }
    const plain = await cocoon(['offers'], api)
    expect(plain.code).toBe(3)
    expect(plain.stderr).toContain('cocoon testnet')
    expect(plain.stderr).not.toContain('    at ')
    const json = await cocoon(['offers', '--json'], api)
    expect(json.code).toBe(3)
    expect(JSON.parse(json.stderr)).toEqual({
      code: 'API_UNREACHABLE',
      message: expect.any(String),
      remedy: expect.any(String),
      docs: 'docs/ERRORS.md#api_unreachable',
    })
    expect((await cocoon(['offers', '--debug'], api)).stderr).toContain('    at ')
    expect((await cocoon(['testnet', 'status', '--json'])).code).toBe(3)
  })

  it('refuses an API that is not on this machine', async () => {
    const { code, stderr } = await cocoon(['offers', '--api', 'http://198.51.100.7:80'])
    expect(code).toBe(2)
    expect(stderr).toContain('API_NOT_LOOPBACK')
  })

  it('refuses a wrong setting by its name', async () => {
    const { code, stderr } = await cocoon(['version'], { COCOON_LOG: 'loud' })
    expect(code).toBe(2)
    expect(stderr).toContain('COCOON_LOG')
  })
})

describe('cocoon against a running client', () => {
  it('run streams the answer to stdout and the rest to stderr', async () => {
    const { url, service } = await startTestGateway()
    const { code, stdout, stderr } = await cocoon(
      ['run', 'cocoon/demo', 'Hi', '--max-tokens', '9'],
      {
        COCOON_API: url,
      },
    )
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Hello there.\n' })
    for (const part of ['provider-2', 'tier simulated', '0.000012345 TON', 'tok/s', 'receipt ']) {
      expect(stderr).toContain(part)
    }
    expect(service.asked[0]).toMatchObject({ maxTokens: 9 })
  })

  it('run --json prints one document', async () => {
    const { url } = await startTestGateway()
    const { stdout } = await cocoon(['run', 'cocoon/demo', 'Hi', '--json', '--api', url])
    expect(JSON.parse(stdout)).toMatchObject({
      answer: 'Hello there.',
      priceNano: '12345',
      verdict: { ok: true },
    })
  })

  it('run stops on Ctrl-C, cancels the work and exits 130', async () => {
    const { url, service } = await startTestGateway()
    const cancelled = Promise.withResolvers<void>()
    service.chatScript = async function* (_request, signal) {
      signal.addEventListener('abort', () => cancelled.resolve(), { once: true })
      for await (const event of answerWith(['begun'])) {
        if (event.kind === 'done') await cancelled.promise
        yield event
      }
    }
    const { child, ended } = start(['run', 'cocoon/demo', 'Hi', '--api', url])
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    await cancelled.promise
    const { code, stdout, stderr } = await ended
    expect({ code, stdout }).toEqual({ code: 130, stdout: 'begun\n' })
    expect(stderr).toContain('INTERRUPTED')
    expect(stderr).toContain('cocoon receipts list')
  })

  it.each([
    [['offers'], 'COMPLETION/MTOK'],
    [['receipts', 'list'], 'receipt-1'],
    [['receipts', 'show', 'receipt-1'], '0.000012345 TON'],
    [['channels', 'list'], '1000000000 TON'],
    [['channels', 'show', '0:aa'], 'receipts root'],
    [['jobs', 'list'], 'job-1'],
    [['jobs', 'results', 'job-1'], 'Answer.'],
  ])('%j shows a table, and with --json one document', async (parameters, shown) => {
    const { url } = await startTestGateway()
    const environment = { COCOON_API: url }
    const [plain, json] = await Promise.all([
      cocoon(parameters, environment),
      cocoon([...parameters, '--json'], environment),
    ])
    expect([plain.code, json.code]).toEqual([0, 0])
    expect(plain.stdout).toContain(shown)
    expect(JSON.parse(json.stdout)).toBeTypeOf('object')
  })

  it('jobs submit takes JSON Lines and the only model on offer', async () => {
    const { url, service } = await startTestGateway()
    const file = path.join(temporaryFolder(), 'job.jsonl')
    writeFileSync(file, '{"prompt":"One?","custom_id":"a"}\n\n{"prompt":"Two?","max_tokens":7}\n')
    const { code, stdout } = await cocoon(['jobs', 'submit', file], { COCOON_API: url })
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'job-1\n' })
    expect(service.submitted[0]).toMatchObject([
      { customId: 'a', messages: [{ role: 'user', content: 'One?' }] },
      { maxTokens: 7 },
    ])
  })
})

describe('the help of a command', () => {
  const variablesOf = async (...command: string[]): Promise<string[]> => {
    const { stdout } = await cocoon([...command, '--help'])
    return [...stdout.matchAll(/^ {2}(COCOON_\w+)/gm)].map(([, name = '']) => name).sort()
  }

  it.each([
    [['testnet'], ['API_PORT', 'DATA', 'LOG', 'SYMBOL']],
    [['offers'], ['API', 'API_PORT', 'DATA', 'SYMBOL']],
    [['status'], ['DATA', 'SYMBOL']],
    [['drain'], ['DATA']],
    [
      ['service', 'install'],
      ['DATA', 'DRAIN_LIMIT', 'NETWORK'],
    ],
    [['version'], []],
    [['completion', 'bash'], []],
  ])('%j names the variables that it reads, and no others', async (command, names) => {
    const variables = await variablesOf(...command)
    expect(variables.filter((name) => name !== 'COCOON_API_KEY')).toEqual(
      names.map((name) => `COCOON_${name}`),
    )
  })

  it('up and client name their own settings', async () => {
    const [up, client] = await Promise.all([variablesOf('up'), variablesOf('client')])
    expect(up).toEqual(expect.arrayContaining(['COCOON_PRICE', 'COCOON_SLOTS', 'COCOON_NETWORK']))
    expect(client).toEqual(expect.arrayContaining(['COCOON_DEPOSIT', 'COCOON_API_PORT']))
    expect(up).not.toContain('COCOON_API_PORT')
    expect(client).not.toContain('COCOON_SLOTS')
  })
})

describe('what was mistyped', () => {
  it.each([
    [['ofers'], 'offers'],
    [['up', '--slot', '3'], '--slots'],
    [['config', 'set', 'slotz', '3'], 'slots'],
  ])('%j is told the nearest name', async (parameters, meant) => {
    const { code, stderr } = await cocoon(parameters)
    expect(code).toBe(2)
    expect(stderr.split('\n')[1]).toContain(`Did you mean ${meant}?`)
  })

  it('config set, show, unset and path go together', async () => {
    const environment = { COCOON_DATA: temporaryFolder() }
    const { stdout } = await cocoon(['config', 'path'], environment)
    expect(stdout.trim()).toBe(path.join(environment.COCOON_DATA, 'config.json'))
    expect((await cocoon(['config', 'set', 'price', '0.25'], environment)).code).toBe(0)
    const show = async (...more: string[]) => {
      const shown = await cocoon(['config', 'show', '--json', ...more], environment)
      const { settings } = JSON.parse(shown.stdout)
      return settings.find((one: { name: string }) => one.name === 'priceNano')
    }
    expect(await show()).toMatchObject({ value: '250000000', origin: 'file', key: 'price' })
    expect(await show('--price', '3')).toMatchObject({ value: '3000000000', origin: 'flag' })
    const people = await cocoon(['config', 'show', '--origin'], {
      ...environment,
      COCOON_API_KEY: 'not-to-be-shown-not-to-be-shown',
    })
    expect(people.stdout).toMatch(/^price +0\.25 +file +--price +COCOON_PRICE$/m)
    expect(people.stdout).not.toContain('not-to-be-shown')
    expect((await cocoon(['config', 'unset', 'price'], environment)).code).toBe(0)
    expect(await show()).toMatchObject({ origin: 'default' })
  })
})
