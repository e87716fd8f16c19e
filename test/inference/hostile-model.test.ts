/** Folders that someone prepared against us: refused by name, and the node lives on. */
import { mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { readModel } from '#inference/model/read-model.ts'
import { createOnnxEngine } from '#inference/onnx/onnx-engine.ts'
import { openModel } from '#inference/onnx/open-model.ts'
import { equal } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type TinyModelOptions, tinyGraph, writeTinyModel } from '../support/tiny-onnx-model.ts'

async function tinyFolder(options?: TinyModelOptions): Promise<string> {
  const folder = path.join(temporaryFolder(), 'model')
  await writeTinyModel(folder, options)
  return folder
}

/** In a child process, as the node does it: the refusal has to survive the way back. */
async function expectRefused(folder: string, code: string): Promise<void> {
  const clock = { nowMs: () => 0 }
  const opened = createOnnxEngine({ folder, modelId: 'hostile', clock, threads: 1 })
  await opened.then((engine) => engine[Symbol.asyncDispose]()).catch(() => {})
  await expect(opened, code).rejects.toMatchObject({ kind: 'config', code })
}

/** The same code in this process, where a start costs nothing. */
async function expectUnopened(folder: string, code: string): Promise<void> {
  const opened = open(folder)
  await expect(opened).rejects.toMatchObject({ kind: 'config', code })
}

async function open(folder: string) {
  const files = await readModel(folder, nodeCrypto)
  return openModel(files, { backend: 'native', threads: 1, slotsTotal: 2 })
}

describe('reading a model folder', () => {
  const expectUnread = (folder: string, code: string) =>
    expect(readModel(folder, nodeCrypto)).rejects.toMatchObject({ kind: 'config', code })

  it('hashes what it holds in memory; any other byte, name or file is another root', async () => {
    const folder = await tinyFolder({ externalFile: 'weights.bin' })
    const model = await readModel(folder, nodeCrypto)
    const paths = model.manifest.map((entry) => entry.path)
    expect(paths).toEqual(paths.toSorted())
    expect(paths).toContain('onnx/weights.bin')
    for (const { path: name, sha256, sizeBytes } of model.manifest) {
      const bytes = model.files.get(name) ?? new Uint8Array()
      expect(nodeCrypto.sha256(bytes)).toEqual(sha256)
      expect(bytes.length).toBe(sizeBytes)
    }
    expect((await readModel(folder, nodeCrypto)).root).toEqual(model.root)
    await writeFile(path.join(folder, 'unrelated.txt'), 'ignored')
    expect((await readModel(folder, nodeCrypto)).root).toEqual(model.root)
    await rename(path.join(folder, 'onnx/weights.bin'), path.join(folder, 'onnx/weights2.bin'))
    const renamed = (await readModel(folder, nodeCrypto)).root
    await truncate(path.join(folder, 'onnx/weights2.bin'), 1_000)
    const shorter = (await readModel(folder, nodeCrypto)).root
    expect(equal(renamed, model.root) || equal(shorter, renamed)).toBe(false)
  })

  it('refuses what is missing, linked, special, too large or ambiguous', async () => {
    await expectUnread(path.join(temporaryFolder(), 'none'), 'MODEL_FILE_MISSING')

    const linked = await tinyFolder()
    await rm(path.join(linked, 'tokenizer.json'))
    await symlink('/etc/hostname', path.join(linked, 'tokenizer.json'))
    await expectUnread(linked, 'MODEL_FILE_REFUSED')

    const linkedFolder = await tinyFolder()
    await rename(path.join(linkedFolder, 'onnx'), path.join(linkedFolder, 'elsewhere'))
    await symlink('elsewhere', path.join(linkedFolder, 'onnx'))
    await expectUnread(linkedFolder, 'MODEL_FILE_REFUSED')

    const nested = await tinyFolder()
    await mkdir(path.join(nested, 'onnx/deeper'))
    await expectUnread(nested, 'MODEL_FILE_REFUSED')

    const huge = await tinyFolder()
    await truncate(path.join(huge, 'config.json'), 2_000_000_000)
    await expectUnread(huge, 'MODEL_FILE_TOO_LARGE')
    const hugeGraph = await tinyFolder()
    await truncate(path.join(hugeGraph, 'onnx/model.onnx'), 2 ** 31)
    await expectUnread(hugeGraph, 'MODEL_FILE_TOO_LARGE')

    const twice = await tinyFolder()
    await writeFile(path.join(twice, 'onnx/model_q4.onnx'), '')
    await expectUnread(twice, 'MODEL_GRAPH_AMBIGUOUS')
    const none = await tinyFolder()
    await rm(path.join(none, 'onnx/model.onnx'))
    await expectUnread(none, 'MODEL_FILE_MISSING')
    await rm(path.join(none, 'onnx'), { recursive: true })
    await expectUnread(none, 'MODEL_FILE_MISSING')
  })
})

describe('opening a hostile model', () => {
  it('refuses broken JSON and garbage graphs', async () => {
    const badJson = await tinyFolder()
    await writeFile(path.join(badJson, 'config.json'), '{"vocab_size":')
    await expectRefused(badJson, 'MODEL_FILE_INVALID')

    for (const bytes of [
      nodeCrypto.randomBytes(5_000),
      new Uint8Array(0),
      tinyGraph({}).graph.slice(0, -7),
    ]) {
      const garbage = await tinyFolder()
      await writeFile(path.join(garbage, 'onnx/model.onnx'), bytes)
      await expectUnopened(garbage, 'MODEL_GRAPH_INVALID')
      if (bytes.length === 5_000) await expectRefused(garbage, 'MODEL_GRAPH_INVALID')
    }
  })

  it('refuses graphs that are no decoder with a cache', async () => {
    await expectUnopened(await tinyFolder({ idsInput: 'tokens' }), 'MODEL_INPUT_MISSING')
    const branch = await tinyFolder({ extraInput: 'use_cache_branch' })
    await expectUnopened(branch, 'MODEL_INPUT_UNSUPPORTED')
    await expectUnopened(await tinyFolder({ layers: 0 }), 'MODEL_INPUT_MISSING')
    // config.json promises more logits than the graph has.
    await expectUnopened(await tinyFolder({ vocabularySize: 1_000 }), 'MODEL_GRAPH_INVALID')
  })

  it('takes external data from the hashed files and from nowhere else', async () => {
    const inside = await tinyFolder({ externalFile: 'weights.bin' })
    const opened = await open(inside)
    expect([opened.backend, opened.fallback]).toEqual(['native', undefined])
    const inline = await open(await tinyFolder())
    const logitsOf = ({ model }: typeof opened) => model.read(model.openCache().cache, [1, 2])
    expect(await logitsOf(opened)).toEqual(await logitsOf(inline))

    const { external } = tinyGraph({ externalFile: 'any' })
    for (const location of ['../weights.bin', path.join(inside, '../weights.bin'), 'weights.bin']) {
      const folder = await tinyFolder()
      await writeFile(path.join(folder, '../weights.bin'), external)
      const { graph } = tinyGraph({ externalFile: location })
      await writeFile(path.join(folder, 'onnx/model.onnx'), graph)
      await expectUnopened(folder, 'MODEL_GRAPH_INVALID')
    }
    const address = await tinyFolder()
    const { graph } = tinyGraph({ externalFile: '*/_ORT_MEM_ADDR_/*' })
    await writeFile(path.join(address, 'onnx/model.onnx'), graph)
    await expectUnopened(address, 'MODEL_GRAPH_INVALID')
  })
})
