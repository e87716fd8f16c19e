/** `cocoon attest launch`, and what `cocoon up` refuses beside a launch. */
import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchDigest, launchedRuntimeDigest } from '#inference/upstream/launch/digest.ts'
import { buildProgram } from '#node/cli/program.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { testContext } from '../support/cli-context.ts'
import { launchFolder, launchOf, writeLaunchModel } from '../support/launch.ts'

let folder: string
let modelFolder: string
let file: string
beforeAll(() => {
  folder = launchFolder()
  modelFolder = path.join(folder, 'model')
  file = path.join(folder, 'launch.json')
  writeLaunchModel(modelFolder)
  writeFileSync(file, JSON.stringify(launchOf(modelFolder)))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function run(words: readonly string[], environment: Record<string, string> = {}) {
  const { context, stdout } = testContext(environment)
  await buildProgram(context).parseAsync(['node', 'cocoon', ...words])
  return stdout()
}

describe('cocoon attest launch', () => {
  it('prints what a policy lists, before anything is started', async () => {
    const description = launchOf(modelFolder)
    const launch = launchDigest(crypto, description)
    expect(JSON.parse(await run(['attest', 'launch', file, '--json']))).toEqual({
      launch: toHex(launch),
      runtime: toHex(launchedRuntimeDigest(crypto, launch)),
      modelRoot: description.model.root,
      compared: false,
    })
    expect(await run(['attest', 'launch', file])).toContain(`launch digest   ${toHex(launch)}`)
  })

  it('compares every file that the description names', async () => {
    const words = ['attest', 'launch', file, '--model-folder', modelFolder]
    expect(await run(words)).toContain('every file is what the description says')
    writeFileSync(path.join(modelFolder, 'config.json'), '{}')
    await expect(run(words)).rejects.toMatchObject({ code: 'LAUNCH_FILE_CHANGED' })
  })

  it('says what it cannot read', async () => {
    const missing = run(['attest', 'launch', path.join(folder, 'missing.json')])
    await expect(missing).rejects.toMatchObject({ code: 'LAUNCH_INVALID' })
  })

  it.each<[string, string]>([
    ['/dev/zero', 'its size'],
    ['/dev/null', 'its form'],
    ['/dev', 'the file cannot be read'],
  ])('reads %s as far as a description may be long', async (endless, field) => {
    const reading = run(['attest', 'launch', endless])
    await expect(reading).rejects.toMatchObject({ code: 'LAUNCH_INVALID', data: { field } })
  })

  it('reads text alone', async () => {
    const latin = path.join(folder, 'latin.json')
    const text = JSON.stringify({ ...launchOf(modelFolder), servedModel: '\u00e9' })
    writeFileSync(latin, Buffer.from(text, 'latin1'))
    const field = 'its text is not UTF-8'
    const reading = run(['attest', 'launch', latin])
    await expect(reading).rejects.toMatchObject({ code: 'LAUNCH_INVALID', data: { field } })
  })
})

describe('cocoon up --upstream-launch', () => {
  it.each<[readonly string[], Record<string, string>, string]>([
    [['--upstream', 'http://127.0.0.1:8000'], {}, 'url'],
    [['--upstream-model', 'other'], {}, 'model'],
    [['--upstream-dialect', 'openai'], {}, 'dialect'],
    [[], { COCOON_UPSTREAM_KEY: 'secret' }, 'key'],
  ])('is refused beside %j', async (words, environment, option) => {
    const starting = run(['up', '--upstream-launch', file, ...words], environment)
    await expect(starting).rejects.toMatchObject({ code: 'UPSTREAM_OPTION', data: { option } })
  })
})

describe('cocoon doctor --help', () => {
  it('names the variables of a launch apart from what they are', () => {
    const { context } = testContext()
    const doctor = buildProgram(context).commands.find((one) => one.name() === 'doctor')
    const written: string[] = []
    doctor?.configureOutput({ writeOut: (text) => written.push(text) }).outputHelp()
    expect(written.join('')).toContain('COCOON_UPSTREAM_LAUNCH launch description')
  })
})
