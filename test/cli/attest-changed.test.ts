/** One byte changed in any file of evidence: `cocoon attest verify` ends with 5 and names the step that failed. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { type CorpusCase, parseCase, parseShared } from '#attestation/appraisal/corpus-case.ts'
import { buildProgram } from '#node/cli/program.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { testContext } from '#test/support/cli-context.ts'
import { repositoryRoot } from '#test/support/source-files.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { core, seed } from '../attestation/network.ts'

const folder = path.join(repositoryRoot, 'test/vectors/attestation')
const read = (name: string) => JSON.parse(readFileSync(path.join(folder, name), 'utf8'))
const shared = parseShared(read('shared.json'), crypto)

/** Files of one verification by name, and the flags that name them. */
interface Files {
  readonly contents: Readonly<Record<string, Uint8Array>>
  readonly flags: readonly string[]
}

function filesOf({ input }: CorpusCase): Files {
  const { evidence, collateral, certificates = [] } = input
  const named = certificates.map((der, at): [string, Uint8Array] => [`certificate-${at}`, der])
  return {
    contents: {
      evidence,
      ...(collateral === undefined ? {} : { collateral }),
      ...Object.fromEntries(named),
    },
    flags: [
      ...(collateral === undefined ? [] : ['--collateral', 'collateral']),
      ...(named.length === 0 ? [] : ['--certs', ...named.map(([name]) => name)]),
    ],
  }
}

const NETWORK = {
  format: 'cocoon-network/1',
  name: 'test',
  globalId: -3,
  chainUrl: 'http://127.0.0.1:1/',
  bootstrap: [],
  models: [{ id: 'demo', root: toHex(core.modelRoot) }],
  simulatedManufacturerSeed: toHex(seed),
  closeDelay: 60,
}

async function verify(one: CorpusCase, { contents, flags }: Files) {
  const dir = temporaryFolder()
  const at = (name: string) => path.join(dir, name)
  for (const [name, bytes] of Object.entries(contents)) writeFileSync(at(name), bytes)
  writeFileSync(at('network.json'), JSON.stringify(NETWORK))
  writeFileSync(at('policy.json'), JSON.stringify(one.policy))
  const settings = [
    ...['--network', at('network.json'), '--policy', at('policy.json')],
    ...['--at', new Date(one.clock).toISOString(), '--allow-unbound'],
    ...['--identity', toHex(core.identityKey), '--model-root', toHex(core.modelRoot)],
  ]
  const named = flags.map((flag) => (flag in contents ? at(flag) : flag))
  const test = testContext()
  const parameters = ['attest', 'verify', at('evidence'), ...settings, ...named]
  await buildProgram(test.context).parseAsync(parameters, { from: 'user' })
  return { exitCodes: test.exitCodes, stderr: test.stderr() }
}

describe.each([
  'simulated-tdx-good',
  'event-log-good',
  'snp-genoa-good',
  'gpu-machine-snp-good',
  'raw-quote-good',
  'tdx-v5-td15-good',
  'snp-raw-good',
  'gpu-report-good',
])('%s', (id) => {
  const one = parseCase(read(`${id}.json`), shared)
  const files = filesOf(one)

  it('is good as it is', async () => {
    expect(await verify(one, files)).toMatchObject({ exitCodes: [] })
  })

  it.each(Object.keys(files.contents))(
    'with one byte of its %s changed ends with 5',
    async (name) => {
      const whole = files.contents[name] ?? new Uint8Array(0)
      for (const at of [0, whole.length >> 2, whole.length >> 1, whole.length - 1]) {
        const changed = whole.with(at, (whole[at] ?? 0) ^ 0x20)
        const contents = { ...files.contents, [name]: changed }
        const { exitCodes, stderr } = await verify(one, { ...files, contents })
        expect(exitCodes, `byte ${at}`).toEqual([5])
        expect(stderr, `byte ${at}`).toMatch(/failed: [a-z-]+/)
      }
    },
  )
})
