/** `cocoon models list|show|verify|rm|publish|trust|pin` and what `cocoon up` makes of the store. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { Pace } from '#node/cli/pace.ts'
import type { PeerHome } from '#node/cli/peer-home.ts'
import { withServedModel } from '#node/cli/peer-models.ts'
import { buildProgram } from '#node/cli/program.ts'
import { barOf, pullView } from '#node/cli/pull-view.ts'
import { readConfiguration } from '#node/config/read.ts'
import { RECORD_FILE } from '#node/models/record.ts'
import { ModelStore } from '#node/models/store.ts'
import { toHex } from '#protocol/bytes.ts'
import { type TestContext, testContext } from '#test/support/cli-context.ts'
import { errorCode, rejectionCode } from '#test/support/error-code.ts'
import { eventually } from '#test/support/eventually.ts'
import { REPOSITORY, startHub } from '#test/support/hub.ts'
import { testModel } from '#test/support/model-peers.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const run = (test: TestContext, ...words: string[]) =>
  buildProgram(test.context).parseAsync(['models', ...words], { from: 'user' })

/** A context whose store has one model. */
async function withModel() {
  const test = testContext()
  const store = new ModelStore(test.context.settings.dataRoot)
  const { files, manifest, root } = testModel()
  const { folder, lock } = store.openPartial('test')
  mkdirSync(path.join(folder, 'onnx'))
  for (const [name, bytes] of files) writeFileSync(path.join(folder, name), bytes)
  const origin = { kind: 'peers', namedBy: 'root', publisher: null, licence: null } as const
  const model = await store.adopt(folder, {
    ...{ name: 'tiny', root, files: manifest, origin, addedAtMs: 86_400_000 },
  })
  lock.release()
  return { test, store, model, root: toHex(root) }
}

describe('cocoon models', () => {
  it('list and show say what is here, for people and as JSON', async () => {
    const { test, root, model } = await withModel()
    await run(test, 'list')
    expect(test.stdout()).toMatch(
      /^tiny +[0-9a-f]{16} +chat +1\.3 MiB +peers, named by its root +1970-01-02$/m,
    )
    await run(test, 'show', root.slice(0, 8))
    expect(test.stdout()).toContain(root)
    expect(test.stdout()).toContain(toHex(model.files[0]!.sha256))
    await run(test, 'show', 'tiny', '--json')
    expect(JSON.parse(test.stdout().trim().split('\n').at(-1)!)).toMatchObject({
      ...{ name: 'tiny', root, origin: { kind: 'peers' } },
    })
    expect(await rejectionCode(run(test, 'show', 'other'))).toBe('MODEL_NOT_IN_STORE')
  })

  it('verify finds a changed byte, a missing file and one that does not belong', async () => {
    const { test, model } = await withModel()
    await run(test, 'verify')
    expect(test.exitCodes).toEqual([])
    const data = path.join(model.folder, 'onnx/model_q4.onnx_data')
    const bytes = readFileSync(data)
    bytes[1_200_000]! ^= 1
    writeFileSync(data, bytes)
    writeFileSync(path.join(model.folder, 'onnx/more.onnx'), '')
    writeFileSync(path.join(model.folder, 'chat_template.jinja'), '')
    mkdirSync(path.join(model.folder, '1_Pooling'))
    writeFileSync(path.join(model.folder, '1_Pooling/config.json'), '{}')
    await run(test, 'verify', 'tiny', '--json')
    expect(JSON.parse(test.stdout().trim().split('\n').at(-1)!)).toMatchObject({
      ok: false,
      faults: [
        { path: 'onnx/model_q4.onnx_data', fault: 'changed' },
        { path: 'onnx/more.onnx', fault: 'unexpected' },
        { path: 'chat_template.jinja', fault: 'unexpected' },
        { path: '1_Pooling/config.json', fault: 'unexpected' },
      ],
    })
    expect(test.exitCodes).toEqual([1])
  })

  it('rm asks first, and never takes a model from under a peer that serves it', async () => {
    const { test, store, model } = await withModel()
    expect(await rejectionCode(run(test, 'rm', 'tiny'))).toBe('CONFIRMATION_NEEDED')
    const use = store.use(model.folder)
    expect(await rejectionCode(run(test, 'rm', 'tiny', '--yes'))).toBe('MODEL_IN_USE')
    expect(existsSync(path.join(model.folder, RECORD_FILE))).toBe(true)
    use.release()
    await run(test, 'rm', 'tiny', '--yes')
    expect(existsSync(model.folder)).toBe(false)
    expect(store.list()).toEqual({ models: [], broken: [] })
  })

  it('says what a new user does next: nothing here, no such command, a root that is missing', async () => {
    const test = testContext()
    for (const command of ['list', 'verify']) await run(test, command)
    expect(test.stderr()).toMatch(/^(no models are here; get one: cocoon models pull .+\n){2}$/)
    expect(test.stdout()).toBe('')
    await expect(run(test, 'lst')).rejects.toThrow('models has no command "lst"')
    await expect(run(test, 'pin', 'tiny')).rejects.toMatchObject({ code: 'USAGE' })
    expect(await rejectionCode(run(test, 'pin', 'tiny', '--remove'))).toBe('NOT_FOUND')
    const removed = run(test, 'trust', 'a'.repeat(64), '--remove')
    expect(await rejectionCode(removed)).toBe('NOT_FOUND')
    await run(test, 'pin', 'tiny', 'a'.repeat(64), '--json')
    await run(test, 'resolve', 'tiny', '--json')
    const [pinned, resolved] = test
      .stdout()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(pinned).toEqual({ name: 'tiny', root: 'a'.repeat(64) })
    expect(resolved).toMatchObject({ root: 'a'.repeat(64), namedBy: 'pin', registry: null })
  })

  it('a folder whose record was changed is no model', async () => {
    const { test, store, model } = await withModel()
    const file = path.join(model.folder, RECORD_FILE)
    writeFileSync(file, readFileSync(file, 'utf8').replace('"sizeBytes": 100000', '"sizeBytes": 1'))
    expect(store.list()).toEqual({ models: [], broken: [model.folder] })
    await run(test, 'list')
    expect(test.stderr()).toContain(model.folder)
    await run(test, 'verify', '--json')
    expect(JSON.parse(test.stdout().trim().split('\n').at(-1)!)).toMatchObject({
      ...{ root: toHex(model.root), ok: false, faults: [{ path: RECORD_FILE }] },
    })
    expect(test.exitCodes).toEqual([1])
    expect(await rejectionCode(run(test, 'show', toHex(model.root)))).toBe('MODEL_RECORD_INVALID')
  })

  it('publish signs with a key of its own, which others trust or not', async () => {
    const { test, root } = await withModel()
    const key = path.join(temporaryFolder(), 'publisher.key')
    const out = path.join(temporaryFolder(), 'tiny.json')
    const publish = ['publish', 'tiny', 'tiny', '--key', key, '--licence', 'MIT', '--out', out]
    await run(test, ...publish)
    expect(statSync(key).mode & 0o777).toBe(0o600)
    expect(test.stdout()).not.toContain(readFileSync(key, 'utf8').trim())
    const first = JSON.parse(readFileSync(out, 'utf8'))
    await run(test, ...publish)
    const second = JSON.parse(readFileSync(out, 'utf8'))
    expect(second).toMatchObject({ root, publisher: first.publisher })
    expect(second.sequence).toBeGreaterThan(first.sequence)
    const other = testContext()
    await run(other, 'import', out)
    await run(other, 'trust', first.publisher)
    await run(other, 'pin', 'mine', root)
    await run(other, 'names', '--json')
    expect(JSON.parse(other.stdout().trim().split('\n').at(-1)!)).toMatchObject({
      ...{ pins: { mine: root }, publishers: [first.publisher], publications: [{ name: 'tiny' }] },
    })
  })

  it('pull wants one model, and the token is shown by nothing', async () => {
    const test = testContext()
    expect(await rejectionCode(run(test, 'pull'))).toBe('USAGE')
    expect(await rejectionCode(run(test, 'pull', 'a/b', '--root', 'a'.repeat(64)))).toBe('USAGE')
    expect(await rejectionCode(run(test, 'pull', 'a/../b'))).toBe('MODEL_NAME_INVALID')
    // Before any network is asked for, or any host.
    expect(await rejectionCode(run(test, 'pull', 'NoSuch'))).toBe('MODEL_NAME_INVALID')
    await expect(run(test, 'pull', 'smollm2')).rejects.toMatchObject({
      code: 'NO_TESTNET',
      remedy: 'From a host write OWNER/smollm2; from peers pass --network FILE.',
    })
    const key = 'a'.repeat(64)
    for (const stray of [
      ['a/b', '--publisher', key],
      ['a/b', '--registry', key],
      ['tiny', '--quant', 'q4'],
      ['--root', key, '--include', 'onnx/model.onnx'],
      ['--root', key, '--publisher', key],
    ]) {
      expect(await rejectionCode(run(test, 'pull', ...stray))).toBe('USAGE')
    }
    const { settings } = readConfiguration(
      { COCOON_DATA: temporaryFolder(), HF_TOKEN: ' hf_secret\n' },
      '/nonexistent',
    )
    expect(settings.hubToken).toBe('hf_secret')
    await buildProgram(test.context).parseAsync(['config', 'show'], { from: 'user' })
    expect(test.stdout()).not.toContain('hf_secret')
  })
})

describe('Ctrl-C', () => {
  const data = 'onnx/model_q4.onnx_data'

  it('ends a pull, says that it can go on, and the next one asks for the rest alone', async () => {
    const hub = await startHub()
    const test = testContext()
    const pull = (on: TestContext) => run(on, 'pull', REPOSITORY, '--endpoint', hub.endpoint)
    const partial = path.join(test.context.settings.dataRoot, 'models', 'partial')
    hub.fault = ({ host, path: one }, response, bytes) => {
      if (host !== 'store' || !one.endsWith(data)) return false
      response.writeHead(200, { 'content-length': bytes!.length })
      response.write(bytes!.subarray(0, 900_000))
      return true
    }
    const pulling = pull(test).catch((error: unknown) => error)
    await eventually(() => {
      const key = existsSync(partial) && readdirSync(partial).find((name) => !name.includes('.'))
      const part = key ? path.join(partial, key, `${data}.part`) : ''
      return existsSync(part) && statSync(part).size === 900_000
    })
    test.press()
    expect(await pulling).toMatchObject({
      code: 'INTERRUPTED',
      remedy: 'Run the same command again: it goes on where it stopped.',
    })
    hub.fault = undefined
    const again = testContext({ COCOON_DATA: test.context.settings.dataRoot })
    await run(again, 'list')
    expect(again.stderr()).toMatch(/^unfinished pulls: [\d.]+ [KM]iB in \S+partial; the same pull/m)
    await pull(again)
    const ranges = hub.requests.flatMap(({ host, range }) => (host === 'store' && range) || [])
    expect(ranges).toEqual(['bytes=900000-'])
    const before = hub.requests.length
    await pull(again)
    expect(again.stderr()).toContain('it is here already, as tiny-chat-q4')
    expect(hub.requests.slice(before).map(({ host }) => host)).toEqual(['hub'])
    await run(again, 'pull', REPOSITORY, '--endpoint', hub.endpoint, '--name', 'mine')
    expect(again.stderr()).toMatch(/as tiny-chat-q4; `cocoon models pin mine [0-9a-f]{64}` calls/)
    const listed = testContext({ COCOON_DATA: test.context.settings.dataRoot })
    await run(listed, 'list')
    expect(listed.stderr()).toBe('')
  })

  it('ends a look at the files of a model, which is no fault of theirs', async () => {
    const { test } = await withModel()
    test.press()
    expect(await rejectionCode(run(test, 'verify'))).toBe('INTERRUPTED')
    expect([test.stdout(), test.exitCodes]).toEqual(['', []])
  })
})

it('up finds a model by its name in the store, also where a pin calls it otherwise', async () => {
  const { test, model, root } = await withModel()
  await run(test, 'pin', 'other', root)
  const home = {
    network: { models: [{ id: 'demo', root: 'aa'.repeat(32), folder: '/demo' }] },
    folder: { release: () => undefined },
  } as unknown as PeerHome
  const serve = (name: string) => {
    const settings = { ...test.context.settings, model: name }
    const { served, release } = withServedModel(home, settings, undefined)
    release()
    return served
  }
  const served = { modelId: 'other', modelFolder: model.folder }
  for (const name of ['tiny', 'other', root.slice(0, 8)]) expect(serve(name)).toEqual(served)
  expect(errorCode(() => serve('third'))).toBe('MODEL_UNKNOWN')
})

it('progress is a bar on a terminal, and ten lines anywhere else', () => {
  expect(barOf({ bytesDone: 512, bytesTotal: 1_024 })).toBe(
    `[${'#'.repeat(10)}${'.'.repeat(10)}]  50 %  512 B of 1.0 KiB`,
  )
  const test = testContext()
  const { tell } = pullView(test.context.output, false)
  for (let bytesDone = 1; bytesDone <= 100; bytesDone += 1) {
    tell({ kind: 'progress', bytesDone, bytesTotal: 100 })
  }
  expect(test.stderr().trim().split('\n')).toHaveLength(10)
})

it('says how fast bytes come and how long the rest takes, in no more than one line', () => {
  let nowMs = 0
  const pace = new Pace(() => nowMs)
  const at = (bytesDone: number) => pace.text({ bytesDone, bytesTotal: 100 * 2 ** 20 })
  expect(at(0)).toBe('')
  nowMs = 1_000
  expect(at(2 ** 20)).toBe('')
  nowMs = 4_000
  expect(at(4 * 2 ** 20)).toBe(', 1.0 MiB/s, 96 s left')
  nowMs = 8_000
  expect(at(4 * 2 ** 20)).toBe(', 512.0 KiB/s, 4 min left')
  const written: string[] = []
  const { output } = testContext().context
  const terminal = { isTTY: true, columns: 40, write: (text: string) => void written.push(text) }
  const { tell, end } = pullView({ ...output, terminal }, false, () => nowMs)
  tell({ kind: 'progress', bytesDone: 2 ** 30, bytesTotal: 2 ** 31 })
  expect(written.join('')).toHaveLength(39)
  end()
  expect(written.at(-1)).toBe('\r\u001b[2K')
})
