/** `cocoon collect`: everything that a report needs, and no secret of the folder it looked at. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ownerKeys } from '#node/cli/owner-keys.ts'
import { buildProgram } from '#node/cli/program.ts'
import { bundleFiles } from '#node/collect/bundle.ts'
import { COLLECT_LOG_BYTES_MAX } from '#node/collect/constants.ts'
import { redactLog, redactText } from '#node/collect/redact.ts'
import { knownSecrets } from '#node/collect/secrets.ts'
import { tarGz } from '#node/collect/tar.ts'
import { readConfiguration } from '#node/config/read.ts'
import { makeOwnerToken } from '#node/keys/owner-token.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { testContext } from '../support/cli-context.ts'
import { found, needlesOfText } from '../support/leak-search.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const PROMPT = 'Tell nobody that my cat is called Schnurrbert.'
const REQUEST_ID = '0123456789abcdef0123456789abcdef'

/** A data folder with keys, a token, a store with salts, and a log into which secrets strayed. */
function lived() {
  const root = temporaryFolder()
  const home = path.join(root, 'client')
  const { file } = ownerKeys(home)
  const { identitySeed, walletSeed } = JSON.parse(readFileSync(file, 'utf8'))
  const token = makeOwnerToken(home)
  const store = openPeerStore(home)
  const salt = Buffer.from('salt-of-thirty-two-bytes-exactly')
  store.saveAsk({ requestId: REQUEST_ID, channel: '0:aa', requestSalt: salt, responseSalt: salt })
  store.close()
  mkdirSync(path.join(root, 'logs'))
  const line = (fields: object) => `${JSON.stringify({ level: 30, name: 'client', ...fields })}\n`
  const log = [
    line({ msg: 'asked', requestId: REQUEST_ID, prompt: PROMPT }),
    line({ msg: `strayed ${walletSeed} and Bearer ${token}`, text: PROMPT }),
    line({
      msg: `base64 ${Buffer.from(identitySeed, 'hex').toString('base64')} at ${homedir()}/x`,
    }),
    `a line that is no JSON: ${PROMPT}\n`,
  ].join('')
  writeFileSync(path.join(root, 'logs', 'client.log'), log)
  const secrets = [identitySeed, walletSeed, token, salt.toString()] as string[]
  return { root, secrets }
}

function bundle(root: string) {
  return bundleFiles({
    configuration: readConfiguration({ COCOON_DATA: root }, root),
    diagnosis: { ok: true, counts: { pass: 0, warn: 0, fail: 0 }, checks: [] },
    status: [],
    homeDir: homedir(),
    nowMs: 1_700_000_000_000,
  })
}

describe('the bundle', () => {
  it('has versions, settings, doctor, status, schema versions and the ends of logs', () => {
    const files = Object.fromEntries(bundle(lived().root).map(({ name, text }) => [name, text]))
    expect(Object.keys(files)).toEqual([
      'about.json',
      'config.json',
      'doctor.json',
      'status.json',
      'stores.json',
      'logs/01-client.log',
    ])
    expect(JSON.parse(files['about.json']!)).toMatchObject({
      format: 'cocoon-collect/1',
      protocol: 1,
    })
    expect(JSON.parse(files['stores.json']!)[0]).toMatchObject({ rows: { asks: 1, channels: 0 } })
    expect(files['logs/01-client.log']).toContain(REQUEST_ID)
  })

  it('holds no seed, token, salt, prompt or home folder, in any form', () => {
    const { root, secrets } = lived()
    const text = Buffer.from(
      bundle(root)
        .map((file) => file.text)
        .join('\n'),
    )
    const whole = secrets.filter((secret) => text.includes(secret))
    expect(whole).toEqual([])
    const needles = [...secrets.slice(0, 3).map((one) => one.slice(8)), PROMPT].flatMap((secret) =>
      needlesOfText(secret, () => false),
    )
    expect(found(text, needles).map(String)).toEqual([])
    expect(text.includes(homedir())).toBe(false)
    // The search would have found them: they are where they belong.
    expect(
      found(readFileSync(path.join(root, 'logs', 'client.log')), needles).length,
    ).toBeGreaterThan(20)
  })

  it('takes only the end of a long log, from a line’s beginning', () => {
    const { root } = lived()
    const line = `${JSON.stringify({ level: 30, msg: 'tick' })}\n`
    writeFileSync(path.join(root, 'logs', 'long.log'), line.repeat(20_000))
    const long = bundle(root).find(({ name }) => name.endsWith('long.log'))!
    expect(long.text.length).toBeLessThanOrEqual(COLLECT_LOG_BYTES_MAX)
    expect(long.text.split('\n')[0]).toBe(line.trimEnd())
  })
})

describe('redaction', () => {
  const redaction = { secrets: ['word-of-a-file'], homeDir: '/somewhere/anna' }
  it.each([
    ['word-of-a-file', '[secret]'],
    ['ab'.repeat(32), 'abababab[cut 64]'],
    [REQUEST_ID, REQUEST_ID],
    [`x ${'Q'.repeat(44)}=`, 'x QQQQQQQQ[cut 45]'],
    ['/somewhere/anna/data/peer.sqlite', '~/data/peer.sqlite'],
    ['sk-abcdefgh12345678', '[key]'],
    ['Authorization: Bearer abc', '[secret]'],
    ['authorization: abc', '[secret]'],
    ['a Bearer abc', 'a [secret]'],
    ['mail anna@example.org', 'mail [mail]'],
    ['protocol/session/frames', 'protocol/session/frames'],
  ])('%s', (text, clean) => {
    expect(redactText(text, redaction)).toBe(clean)
  })

  it('keeps only named fields of a log, and no line that it cannot read', () => {
    const text = '{"msg":"x","prompt":"p","answer":{"text":"t"}}\nnot json\n'
    expect(redactLog(text, redaction)).toBe('{"msg":"x"}')
  })

  it('knows the secrets of key files, of process configurations and of tokens', () => {
    const { root, secrets } = lived()
    expect(knownSecrets(root)).toEqual(expect.arrayContaining(secrets.slice(0, 3)))
  })
})

describe('the archive', () => {
  it('is one that tar reads', () => {
    const folder = temporaryFolder()
    const file = path.join(folder, 'a.tar.gz')
    const files = [
      { name: 'logs/ä.txt'.replace('ä', 'a'), text: 'grüße\n' },
      { name: 'empty', text: '' },
      { name: 'block', text: 'x'.repeat(512) },
    ]
    writeFileSync(file, tarGz(files, 1_700_000_000_000))
    expect(gunzipSync(readFileSync(file)).length % 512).toBe(0)
    const list = execFileSync('tar', ['-tzf', file], { encoding: 'utf8' })
    expect(list.trim().split('\n')).toEqual(files.map(({ name }) => name))
    for (const { name, text } of files) {
      expect(execFileSync('tar', ['-xzOf', file, name], { encoding: 'utf8' })).toBe(text)
    }
  })

  it('is written by the command, readable by its owner only, never over another file', async () => {
    const { context, stdout } = testContext()
    const out = path.join(temporaryFolder(), 'report.tar.gz')
    const collect = () =>
      buildProgram(context).parseAsync(['collect', '--out', out], { from: 'user' })
    await collect()
    expect(stdout().trim()).toBe(out)
    expect(statSync(out).mode & 0o777).toBe(0o600)
    expect(execFileSync('tar', ['-tzf', out], { encoding: 'utf8' })).toContain('doctor.json')
    await expect(collect()).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
  })
})
