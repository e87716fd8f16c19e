/** `cocoon models list|show|verify|rm|publish|trust|pin` and what `cocoon up` makes of the store. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildProgram } from '#node/cli/program.ts'
import { barOf, pullView } from '#node/cli/pull-view.ts'
import { readConfiguration } from '#node/config/read.ts'
import { RECORD_FILE } from '#node/models/record.ts'
import { ModelStore } from '#node/models/store.ts'
import { toHex } from '#protocol/bytes.ts'
import { type TestContext, testContext } from '#test/support/cli-context.ts'
import { rejectionCode } from '#test/support/error-code.ts'
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

  it('a folder whose record was changed is no model', async () => {
    const { test, store, model } = await withModel()
    const file = path.join(model.folder, RECORD_FILE)
    writeFileSync(file, readFileSync(file, 'utf8').replace('"sizeBytes": 100000', '"sizeBytes": 1'))
    expect(store.list()).toEqual({ models: [], broken: [model.folder] })
    await run(test, 'list')
    expect(test.stderr()).toContain(model.folder)
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
    const { settings } = readConfiguration(
      { COCOON_DATA: temporaryFolder(), HF_TOKEN: ' hf_secret\n' },
      '/nonexistent',
    )
    expect(settings.hubToken).toBe('hf_secret')
    await buildProgram(test.context).parseAsync(['config', 'show'], { from: 'user' })
    expect(test.stdout()).not.toContain('hf_secret')
  })
})

it('progress is a bar on a terminal, and ten lines anywhere else', () => {
  expect(barOf({ bytesDone: 512, bytesTotal: 1_024 })).toBe(
    `[${'#'.repeat(15)}${'.'.repeat(15)}]  50 %  512 B of 1.0 KiB`,
  )
  const test = testContext()
  const { tell } = pullView(test.context.output, false)
  for (let bytesDone = 1; bytesDone <= 100; bytesDone += 1) {
    tell({ kind: 'progress', bytesDone, bytesTotal: 100 })
  }
  expect(test.stderr().trim().split('\n')).toHaveLength(10)
})
