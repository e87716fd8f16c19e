/** Launch descriptions: what is refused before anything starts, and what is in their digest. */
import { describe, expect, it } from 'vitest'
import {
  commandOf,
  type LaunchDescription,
  parseLaunchDescription,
} from '#inference/upstream/launch/description.ts'
import { launchDigest, launchedRuntimeDigest } from '#inference/upstream/launch/digest.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'

const HASH = '11'.repeat(32)
const GOOD: LaunchDescription = {
  format: 'cocoon-launch/1',
  executable: { path: '/usr/bin/python3.12', sha256: HASH },
  arguments: ['-I', '-m', 'server', '--model', '{model}', '--host=127.0.0.1', '--port', '{port}'],
  environment: { PATH: '/usr/bin', HF_HUB_OFFLINE: '1' },
  files: [{ path: '/opt/template.jinja', sha256: HASH }],
  model: { root: '22'.repeat(32), files: { 'config.json': HASH, 'model.safetensors': HASH } },
  dialect: 'vllm',
  servedModel: 'qwen3-0.6b',
  listensElsewhere: false,
}
/** Computed by another program from docs/spec/attestation.md. */
const DIGEST = '179bd8bc32869a83f0843ddb10a3ed37deb50e8eb52da2f6c26f2c7f9b7afac2'
const RUNTIME_DIGEST = '670f9d81c1d4f3d6ef693173d37a3d793657a59daa2c4cbe0625c9ac5edb9386'

const parse = (change: object) => parseLaunchDescription(JSON.stringify({ ...GOOD, ...change }))
const refusal = (change: object): object => {
  try {
    parse(change)
    return {}
  } catch (thrown) {
    return thrown as object
  }
}
const withArguments = (...more: string[]) => ({ arguments: [...GOOD.arguments, ...more] })

describe('a launch description', () => {
  it('is taken as it is, with the places filled in', () => {
    const parsed = parse({ environment: { CACHE: '{model}/x', HOME: '{work}', OTHER: '{home}' } })
    // A folder of such a name is taken as it is.
    const places = { port: 4_711, modelFolder: '/dev/shm/copy', workFolder: '/dev/shm/{port}' }
    expect(commandOf(parsed, places)).toEqual({
      executable: '/usr/bin/python3.12',
      arguments: [
        ...['-I', '-m', 'server', '--model', '/dev/shm/copy'],
        ...['--host=127.0.0.1', '--port', '4711'],
      ],
      environment: { CACHE: '/dev/shm/copy/x', HOME: '/dev/shm/{port}', OTHER: '{home}' },
    })
  })

  it.each<[string, object]>([
    ['executable.path', { executable: { path: 'python3', sha256: HASH } }],
    ['executable.path', { executable: { path: '/usr/../tmp/python3', sha256: HASH } }],
    ['executable.sha256', { executable: { path: '/usr/bin/python3', sha256: 'AB' } }],
    ['model.files.../secret', { model: { root: HASH, files: { '../secret': HASH } } }],
    ['model.files..hidden', { model: { root: HASH, files: { '.hidden': HASH } } }],
    ['model.files', { model: { root: HASH, files: filesOf(513) } }],
    ['arguments.8', withArguments('a\0b')],
    ['environment.1X', { environment: { '1X': '' } }],
    // A half of a character: every one of them is the same bytes in the digest.
    ['environment.A', { environment: { A: '\ud800' } }],
    ['servedModel', { servedModel: '\udfff' }],
    ['servedModel', { servedModel: 'a\0b' }],
    ['dialect', { dialect: 'auto' }],
    ['{port}', { arguments: ['--model', '{model}'] }],
    ['{model}', { arguments: ['--port', '{port}'] }],
    ['its form', { listens: true }],
    ['its size', { servedModel: 'x'.repeat(300_000) }],
  ])('is refused for %s', (field, change) => {
    expect(refusal(change)).toMatchObject({
      kind: 'config',
      code: 'LAUNCH_INVALID',
      data: { field },
    })
  })

  it.each<[string, string, string]>([
    ['one', '"HF_HUB_OFFLINE":"1"', '"HF_HUB_OFFLINE":"0","HF_HUB_OFFLINE":"1"'],
    ['one that is written otherwise', '"PATH":', '"P\\u0041TH":"/tmp","PATH":'],
    ['the whole environment', '"environment":', '"environment":{},"environment":'],
    // Left out by whoever must not change what all objects inherit.
    ['__proto__', '"PATH":', '"__proto__":"x","PATH":'],
  ])('is refused where a name stands twice or is not kept: %s', (_what, found, written) => {
    const document = JSON.stringify(GOOD).replace(found, () => written)
    const field = 'a name that stands twice'
    expect(() => parseLaunchDescription(document)).toThrow(
      expect.objectContaining({ code: 'LAUNCH_INVALID', data: { field } }),
    )
  })

  it('may have whatever characters in its texts', () => {
    const environment = { A: 'a":b,{"c":\\"d', B: ':::', C: '\u{1f600}' }
    expect(parse({ environment }).environment).toEqual(environment)
  })

  it.each([
    ['[', 200_000],
    ['{"a":', 50_000],
  ])('that is nothing but %j is refused', (part, count) => {
    expect(() => parseLaunchDescription(part.repeat(count))).toThrow('its form')
  })

  it.each([
    [['--enable-log-requests'], 'leaks'],
    [['--enable_log_requests'], 'leaks'],
    // An abbreviation, as Python's argparse takes it.
    [['--enable-log-req'], 'leaks'],
    [['--crash-dump-folder=/mnt/host'], 'leaks'],
    [['--kv-transfer-config.kv_connector', 'x'], 'leaks'],
    [['--config', '/mnt/host/more.yaml'], 'leaks'],
    [['--rpc', '192.0.2.1:50052'], 'leaks'],
    [['--host', '0.0.0.0'], 'listens'],
    [['--host=::'], 'listens'],
    [['--host'], 'listens'],
  ])('with %j is refused: %s', (more, rule) => {
    expect(refusal(withArguments(...more))).toMatchObject({
      code: 'LAUNCH_REFUSED',
      data: { rule },
    })
  })

  it.each([
    ['HTTPS_PROXY', 'environment'],
    ['all_proxy', 'environment'],
    ['LD_PRELOAD', 'environment'],
    ['NODE_OPTIONS', 'environment'],
    ['BASH_ENV', 'environment'],
    ['LLAMA_ARG_RPC', 'leaks'],
    ['LLAMA_SERVER_SLOTS_DEBUG', 'leaks'],
    ['LLAMA_ARG_HOST', 'listens'],
    ['VLLM_LOGGING_CONFIG_PATH', 'leaks'],
  ])('with %s in its environment is refused: %s', (name, rule) => {
    const found = refusal({ environment: { [name]: 'x' } })
    expect(found).toMatchObject({ code: 'LAUNCH_REFUSED', data: { name, rule } })
  })
})

describe('its digest', () => {
  const digest = (change: object) => toHex(launchDigest(crypto, parse(change)))

  it('says what is started, not how it is written', () => {
    const { environment, model } = GOOD
    const reversed = (record: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(record).reverse())
    const files = reversed(model.files)
    const other = { environment: reversed(environment), model: { ...model, files } }
    expect(digest(other)).toBe(digest({}))
    expect(digest({})).toBe(DIGEST)
    expect(toHex(launchedRuntimeDigest(crypto, launchDigest(crypto, GOOD)))).toBe(RUNTIME_DIGEST)
  })

  it.each<[string, object]>([
    ['executable', { executable: { ...GOOD.executable, path: '/usr/bin/python3.13' } }],
    ['bytes of the executable', { executable: { ...GOOD.executable, sha256: '33'.repeat(32) } }],
    ['one more argument', withArguments('--seed')],
    ['the same text cut elsewhere', { arguments: [...GOOD.arguments.slice(1), '-I'] }],
    ['a variable', { environment: { ...GOOD.environment, HF_HUB_OFFLINE: '0' } }],
    ['a further file', { files: [] }],
    ['the root', { model: { ...GOOD.model, root: HASH } }],
    ['the weights', { model: { ...GOOD.model, files: { 'config.json': HASH } } }],
    ['the dialect', { dialect: 'openai' }],
    ['the name of the model', { servedModel: 'other' }],
    ['listening elsewhere', { listensElsewhere: true }],
  ])('is another one for another: %s', (_what, change) => {
    expect(digest(change)).not.toBe(digest({}))
  })
})

function filesOf(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`part-${at}`, HASH]))
}
