/**
 * The same code in headless Chromium: the crypto contract, the published vectors, the hybrid seal and the
 * verifier, whose verdicts are held to Node's, field by field.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appraiseCase, type CaseResult } from '#attestation/appraisal/corpus.ts'
import { parseCase, parseShared } from '#attestation/appraisal/corpus-case.ts'
import { verifyEvidence } from '#attestation/verdict.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import {
  DEFAULT_SEAL_SUITE,
  EncapsulationGuard,
  generateSealingKey,
  sealOpenReceiver,
} from '#protocol/session/seal.ts'
import { FrameType } from '#protocol/wire/gen/cocoon_pb.ts'
import { repositoryRoot } from '#test/support/source-files.ts'
import { ATTESTATION_CASES } from './attestation-cases.ts'
import { libraryBundle, pageBundle } from './bundle.ts'
import { chromiumPath, type OpenPage, openPage } from './chromium.ts'
import type { PagePrograms } from './page.ts'
import { fromText, toText } from './transport.ts'

declare const cocoonPage: PagePrograms

describe('the bundle for a page', () => {
  it('holds verifier and seal, and nothing that only Node has', async () => {
    const { text, inputs } = await libraryBundle()
    for (const file of [
      'attestation/verdict.ts',
      'attestation/verify/tdx.ts',
      'protocol/crypto/noble.ts',
    ]) {
      expect(inputs).toContain(file)
    }
    const foreign = inputs.filter((path) => /^(node|settlement|inference|test)\//.test(path))
    expect(foreign).toEqual([])
    expect(inputs).not.toContain('protocol/crypto/node.ts')
    expect(text.length).toBeGreaterThan(100_000)
    expect(text).not.toMatch(/\bfrom ?"node:|\brequire\("/)
    const ours = inputs.filter((path) => /^(protocol|attestation)\//.test(path))
    expect(ours.length).toBeGreaterThan(50)
    const needing = ours.filter((path) =>
      /\bBuffer\.\w|\bprocess\.\w/.test(readFileSync(join(repositoryRoot, path), 'utf8')),
    )
    expect(needing).toEqual([])
  })
})

const MISSING = 'no Chromium on this machine: apt-get install -y --no-install-recommends chromium'

it.runIf(chromiumPath === undefined && process.env['CI'] !== undefined)(MISSING, () => {
  throw new Error(MISSING)
})

describe.skipIf(chromiumPath === undefined)(`in Chromium (skipped when: ${MISSING})`, () => {
  let open: OpenPage
  beforeAll(async () => {
    const { text } = await pageBundle()
    open = await openPage(chromiumPath ?? '', text)
  })
  afterAll(() => open?.close())

  it('the crypto port passes its contract and the published vectors', async () => {
    const vectors = readFileSync(join(repositoryRoot, 'test/vectors/protocol.json'), 'utf8')
    const results = await open.page.evaluate((text) => cocoonPage.contracts(text), vectors)
    expect(results.filter(({ error }) => error !== undefined)).toEqual([])
    expect(results.length).toBeGreaterThan(50)
  })

  it('the hybrid suite seals and opens, its private key stays inside', async () => {
    const { source, opened, isExtractable } = await open.page.evaluate(() => cocoonPage.exchange())
    expect(['webcrypto', 'noble']).toContain(source)
    expect([opened, isExtractable]).toEqual([[1, 2, 3], false])
  })

  it('the hybrid KEM of noble works where WebCrypto has none', async () => {
    expect(await open.page.evaluate(() => cocoonPage.nobleSecrets())).toEqual([true, 1_216, 1_120])
  })

  it('what a page seals to the hybrid key of a provider, Node opens', async () => {
    const key = await generateSealingKey(DEFAULT_SEAL_SUITE)
    const sealed = await open.page.evaluate((text) => cocoonPage.seal(text), toText(key.publicKey))
    const { enc, ciphertext } = fromText<{ enc: Uint8Array; ciphertext: Uint8Array }>(sealed)
    const info = new Uint8Array(32).fill(7)
    const { secrets } = await sealOpenReceiver(key, enc, info, new EncapsulationGuard())
    const stream = secrets.stream(new Uint8Array(16).fill(1), 'client-to-provider')
    const opened = await stream.open(0, FrameType.REQUEST, true, ciphertext)
    expect(opened).toEqual(new Uint8Array([4, 5, 6]))
  })

  it('every verdict is the same as in Node', async () => {
    const found = await open.page.evaluate(
      (text) => cocoonPage.verdicts(text),
      toText(ATTESTATION_CASES),
    )
    const inPage = fromText<unknown[]>(found)
    const inNode = ATTESTATION_CASES.map(({ evidence, context }) =>
      verifyEvidence(evidence, { ...context, crypto: nodeCrypto }),
    )
    expect(inNode.filter(({ ok }) => ok).length).toBe(2)
    expect(inNode.length).toBeGreaterThan(90)
    for (const [at, { name }] of ATTESTATION_CASES.entries()) {
      expect(inPage[at], name).toEqual(fromText(toText(inNode[at])))
    }
  })

  it('the whole corpus has the same appraisals as in Node, all of them as expected', async () => {
    const folder = join(repositoryRoot, 'test/vectors/attestation')
    const read = (name: string) => readFileSync(join(folder, name), 'utf8')
    const names = readdirSync(folder).filter((name) => name !== 'shared.json')
    expect(names.length).toBeGreaterThanOrEqual(300)
    const files = names.map(read)
    const found = await open.page.evaluate(([shared, cases]) => cocoonPage.corpus(shared, cases), [
      read('shared.json'),
      files,
    ] as const)
    const inPage = fromText<{ result: CaseResult; appraisal: unknown }[]>(found)
    expect(inPage.filter(({ result }) => !result.isAsExpected)).toEqual([])
    const shared = parseShared(JSON.parse(read('shared.json')), nodeCrypto)
    for (const [at, file] of files.entries()) {
      const inNode = appraiseCase(parseCase(JSON.parse(file), shared), nodeCrypto)
      expect(inPage[at]?.appraisal, names[at]).toEqual(fromText(toText(inNode)))
    }
  }, 300_000)
})
