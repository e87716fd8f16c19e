/** `cocoon attest`: every form of evidence, every way to leave something out, every byte. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Appraisal } from '#attestation/appraisal/appraisal.ts'
import { recogniseEvidence } from '#attestation/appraisal/recognise.ts'
import { encodeBundle } from '#attestation/evidence/bundle-file.ts'
import { runCorpus, selfTest } from '#node/cli/attest/self-test.ts'
import { attestTrust } from '#node/cli/attest/trust.ts'
import {
  type AttestVerifyOptions,
  verifyEvidenceBytes,
  verifyEvidenceFile,
} from '#node/cli/attest/verify.ts'
import { buildProgram } from '#node/cli/program.ts'
import { toHex, utf8 } from '#protocol/bytes.ts'
import { testContext } from '#test/support/cli-context.ts'
import { rejectionCode } from '#test/support/error-code.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import {
  core,
  makeChallenge,
  makeEvidence,
  manufacturer,
  nowMs,
  policy,
  seed,
} from '../attestation/network.ts'

const bundle = makeEvidence()

function saved(name: string, content: Uint8Array | string): string {
  const file = path.join(temporaryFolder(), name)
  writeFileSync(file, content)
  return file
}

/** A network whose chain nobody serves. */
function surroundings(): AttestVerifyOptions {
  return {
    network: saved(
      'network.json',
      JSON.stringify({
        format: 'cocoon-network/1',
        name: 'test',
        globalId: -3,
        chainUrl: 'http://127.0.0.1:1/',
        bootstrap: [],
        models: [{ id: 'demo', root: toHex(core.modelRoot) }],
        simulatedManufacturerSeed: toHex(seed),
        closeDelay: 60,
      }),
    ),
    policy: saved('policy.json', JSON.stringify(policy)),
    at: new Date(nowMs).toISOString(),
  }
}

const withStatus = (status: string, { steps }: Appraisal) =>
  steps.filter((step) => step.status === status).map(({ name }) => name)

const expectations = {
  identity: toHex(core.identityKey),
  modelRoot: toHex(core.modelRoot),
}

describe('a bundle', () => {
  const file = () => saved('bundle', encodeBundle(bundle))

  it('passes every step but those with nothing to compare with', async () => {
    const found = await verifyEvidenceFile(file(), surroundings())
    expect(withStatus('failed', found)).toEqual([])
    expect(withStatus('skipped', found)).toEqual(['identity-key', 'model-root', 'freshness'])
    expect(found).toMatchObject({ form: 'bundle', ok: false, bound: false, tier: 'simulated' })
  })

  it('is good when the reader allows that, and only then', async () => {
    const options = { ...surroundings(), allowUnbound: true }
    expect((await verifyEvidenceFile(file(), options)).ok).toBe(true)
  })

  it('compares with the identity and the model that the reader names', async () => {
    const options = { ...surroundings(), allowUnbound: true }
    const good = await verifyEvidenceFile(file(), { ...options, ...expectations })
    expect(withStatus('skipped', good)).toEqual(['freshness'])
    const other = await verifyEvidenceFile(file(), { ...options, identity: '11'.repeat(32) })
    expect(withStatus('failed', other)).toEqual(['identity-key'])
    expect(other.ok).toBe(false)
  })

  it('answers the nonce that the reader names', async () => {
    const nonces = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
    const { evidence, challenge } = makeChallenge(nonces, 1)
    const nonceProof = challenge.proof
    const challenged = saved('bundle', encodeBundle({ ...evidence, nonceProof }))
    const options = { ...surroundings(), ...expectations, allowUnbound: true }
    const unnamed = await verifyEvidenceFile(challenged, options)
    expect(withStatus('skipped', unnamed)).toContain('nonce')
    expect(unnamed.ok).toBe(true)
    const nonce = toHex(challenge.clientNonce)
    const named = await verifyEvidenceFile(challenged, { ...options, nonce })
    expect(withStatus('passed', named)).toContain('nonce')
    const wrong = await verifyEvidenceFile(challenged, { ...options, nonce: '33'.repeat(32) })
    expect(withStatus('failed', wrong)).toEqual(['nonce'])
  })

  it('of a simulated machine is refused without its network, and on mainnet', async () => {
    const { network: _, ...without } = { ...surroundings(), allowUnbound: true }
    const found = await verifyEvidenceFile(file(), without)
    expect(withStatus('failed', found)).toEqual(['network', 'anchor'])
  })

  it('whose keys have ended is refused, allowed or not', async () => {
    const at = `${Math.floor(nowMs / 1000) + 7_200}`
    const found = await verifyEvidenceFile(file(), { ...surroundings(), at, allowUnbound: true })
    expect(found.ok).toBe(false)
    expect(withStatus('failed', found)).toContain('key-lifetime')
  })
})

describe('a raw TDX quote', () => {
  const quote = () => saved('quote', bundle.quote)
  const collateral = () => saved('collateral', bundle.collateral)

  it('skips what binds it, and is good only when that is allowed', async () => {
    const options = { ...surroundings(), collateral: collateral() }
    const found = await verifyEvidenceFile(quote(), options)
    expect(withStatus('failed', found)).toEqual([])
    expect(withStatus('skipped', found)).toContain('report-data')
    expect(withStatus('skipped', found)).toContain('statement-format')
    expect(withStatus('passed', found)).toContain('tcb-status')
    expect(found.ok).toBe(false)
    const allowed = await verifyEvidenceFile(quote(), { ...options, allowUnbound: true })
    expect(allowed.ok).toBe(true)
  })

  it('without collateral is judged as far as that goes, and never good', async () => {
    const options = { ...surroundings(), allowUnbound: true }
    const found = await verifyEvidenceFile(quote(), options)
    expect(withStatus('passed', found)).toEqual([
      'quote-format',
      'anchor',
      'pck-chain',
      'qe-report',
      'quote-signature',
      'td-attributes',
      'measurements',
      'hardware-identity',
    ])
    expect(withStatus('failed', found)).toEqual([])
    const revocation = found.steps.find(({ name }) => name === 'revocation')
    expect(revocation?.detail).toBe('no collateral was given')
    expect(found.ok).toBe(false)
  })

  it('is the same in hexadecimal of either case, with a line end', async () => {
    const options = { ...surroundings(), collateral: collateral(), allowUnbound: true }
    const hex = toHex(bundle.quote)
    for (const text of [hex, `${hex}\n`, hex.toUpperCase(), `${hex}\r\n`]) {
      expect((await verifyEvidenceFile(saved('quote.hex', text), options)).ok).toBe(true)
    }
    for (const text of [`${hex}\n\n`, ` ${hex}`, hex.slice(1), `${hex.slice(0, -1)}A`]) {
      const found = await verifyEvidenceFile(saved('quote.hex', text), options)
      expect(found.ok).toBe(false)
    }
  })

  it('with collateral of somebody else, or none of it readable, names the step', async () => {
    const options = { ...surroundings(), allowUnbound: true }
    const broken = await verifyEvidenceFile(quote(), {
      ...options,
      collateral: saved('collateral.json', '{"tcb_info": 1}'),
    })
    expect(withStatus('failed', broken)).toEqual(['collateral-format'])
  })
})

const isLong = process.env['LONG'] === '1'
const LIMIT_MS = isLong ? 3_600_000 : 120_000

describe('one byte changed', () => {
  /** Every position when LONG is set, else some two hundred of them, evenly spread. */
  const positions = (length: number): number[] => {
    const step = isLong ? 1 : Math.ceil(length / 200)
    return Array.from({ length: Math.ceil(length / step) }, (_, at) => at * step)
  }

  async function expectNamed(good: Uint8Array, options: AttestVerifyOptions) {
    const trust = { ...attestTrust(options), network: undefined }
    expect((await verifyEvidenceBytes(good, trust, options)).ok).toBe(true)
    for (const at of positions(good.length)) {
      const changed = good.with(at, (good[at] ?? 0) ^ (1 << (at % 8)))
      const found = await verifyEvidenceBytes(changed, trust, options)
      expect(found.ok, `byte ${at}`).toBe(false)
      expect(withStatus('failed', found).length, `byte ${at}`).toBeGreaterThan(0)
    }
  }

  it(
    'in a bundle is refused and the step named',
    async () => {
      const { network, ...rest } = surroundings()
      const options = { ...rest, ...expectations, allowUnbound: true }
      await expectNamed(
        encodeBundle(bundle),
        network === undefined ? options : { ...options, network },
      )
    },
    LIMIT_MS,
  )

  it(
    'in a raw quote is refused and the step named',
    async () => {
      const collateral = saved('collateral', manufacturer.collateral)
      await expectNamed(bundle.quote, { ...surroundings(), collateral, allowUnbound: true })
    },
    LIMIT_MS,
  )

  it(
    'in saved collateral is refused and the step named',
    async () => {
      const options = { ...surroundings(), allowUnbound: true }
      const trust = attestTrust(options)
      const good = manufacturer.collateral
      for (const at of positions(good.length)) {
        const collateral = saved('collateral', good.with(at, (good[at] ?? 0) ^ (1 << (at % 8))))
        const found = await verifyEvidenceBytes(bundle.quote, trust, { ...options, collateral })
        expect(withStatus('failed', found).length, `byte ${at}`).toBeGreaterThan(0)
      }
    },
    LIMIT_MS,
  )
})

describe('what is no evidence', () => {
  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['a few zeros', '\0\0\0\0\0\0\0\0'],
    ['a bundle of nothing', 'cocoon/evidence/1\0'],
    ['a broken bundle', 'cocoon/evidence/1\0\xff\xff'],
    ['odd hexadecimal', '040'],
  ])('%s is refused at evidence-format', async (_name, content) => {
    const found = await verifyEvidenceFile(saved('file', utf8(content)), { allowUnbound: true })
    expect(found.ok).toBe(false)
    expect(withStatus('failed', found)).toEqual(['evidence-format'])
  })

  it.each([
    ['a missing file', 'FILE_UNREADABLE', {}],
    ['a time that is none', 'TIME_INVALID', { at: 'yesterday' }],
    ['a policy that is none', 'POLICY_INVALID', { policy: '{' }],
  ])(
    '%s is a mistake of the caller',
    async (_name, code, { at, policy: text }: { at?: string; policy?: string }) => {
      const file = code === 'FILE_UNREADABLE' ? '/nowhere' : saved('file', 'x')
      const options = {
        ...(at === undefined ? {} : { at }),
        ...(text === undefined ? {} : { policy: saved('policy', text) }),
      }
      expect(await rejectionCode(verifyEvidenceFile(file, options))).toBe(code)
    },
  )
})

describe('the command', () => {
  const run = async (...parameters: string[]) => {
    const test = testContext()
    await buildProgram(test.context).parseAsync(['attest', ...parameters], { from: 'user' })
    return test
  }

  it('prints the steps, names what failed, and ends with 5', async () => {
    const file = saved('quote', bundle.quote.with(700, 0))
    const { stdout, stderr, exitCodes } = await run('verify', file, '--allow-unbound')
    expect(exitCodes).toEqual([5])
    expect(stdout()).toContain('REFUSED: tdx-quote')
    expect(stderr()).toContain('failed: anchor')
  })

  it('gives the same as JSON', async () => {
    const { network, policy: policyFile, at } = surroundings()
    const collateral = saved('collateral', bundle.collateral)
    const flags = ['--network', network!, '--policy', policyFile!, '--at', at!, '--json']
    const file = saved('quote', bundle.quote)
    const { stdout, exitCodes } = await run(
      'verify',
      file,
      '--collateral',
      collateral,
      '--allow-unbound',
      ...flags,
    )
    expect(exitCodes).toEqual([])
    expect(JSON.parse(stdout())).toMatchObject({ form: 'tdx-quote', ok: true, bound: false })
  })

  it('self-test runs the whole corpus, all as expected', async () => {
    const { stdout, exitCodes } = await run('self-test')
    expect(exitCodes).toEqual([])
    expect(stdout()).toMatch(/(\d+) of \1 as expected/)
    expect(runCorpus('test/vectors/attestation').length).toBeGreaterThanOrEqual(100)
  })

  it('self-test says which case came out otherwise, and ends with 5', async () => {
    const dir = temporaryFolder()
    for (const name of ['simulated-tdx-good.json', 'shared.json']) {
      const text = readFileSync(path.join('test/vectors/attestation', name), 'utf8')
      writeFileSync(path.join(dir, name), text.replace('"ok":true', '"ok":false'))
    }
    const { stderr, exitCodes } = await run('self-test', '--corpus', dir)
    expect(exitCodes).toEqual([5])
    expect(stderr()).toContain('simulated-tdx-good must be: refused')
    expect(await selfTest({}, testContext().context)).toBe(true)
  })

  it.each([
    ['no cases', undefined],
    ['a case that is no JSON', '{'],
    ['a case without a clock', '{"format":"cocoon-attestation-case/1"}'],
  ])('self-test refuses a corpus with %s', async (_name, text) => {
    const dir = temporaryFolder()
    if (text !== undefined) writeFileSync(path.join(dir, 'one.json'), text)
    expect(await rejectionCode(run('self-test', '--corpus', dir))).toBe('CORPUS_INVALID')
  })
})

const vectors = path.resolve(import.meta.dirname, '../../../shared/vectors')
const file = (...parts: string[]) => path.join(vectors, ...parts)

/** Real evidence made by other people; not part of this repository. */
describe.skipIf(!existsSync(vectors))('real evidence', () => {
  it('an Intel quote passes at its time, up to the evaluation number and the releases of the policy', async () => {
    const found = await verifyEvidenceFile(file('tdx', 'tdx_quote'), {
      collateral: file('tdx', 'tdx_quote_collateral.json'),
      at: '2025-06-20T00:00:00Z',
      allowUnbound: true,
    })
    expect(withStatus('failed', found)).toEqual(['tcb-status', 'measurements'])
    expect(found.tier).toBe('confidential')
  })

  it('an outdated Intel platform is refused at its TCB', async () => {
    const found = await verifyEvidenceFile(file('tdx', 'tdx_quote_outdated'), {
      collateral: file('tdx', 'tdx_quote_outdated_collateral.json'),
      at: '2025-06-20T00:00:00Z',
      allowUnbound: true,
    })
    expect(found.ok).toBe(false)
  })

  it('a Milan report with DEBUG is refused', async () => {
    const found = await verifyEvidenceFile(file('snp', 'attestation.bin'), {
      certs: [file('snp', 'vcek.testcer'), file('snp', 'milan.testcer')],
      allowUnbound: true,
    })
    expect(found.form).toBe('snp-report')
    expect(withStatus('failed', found)).toContain('guest-policy')
  })

  it('a Hopper report is read from hexadecimal and leads to NVIDIA', async () => {
    const named = { ...policy, anchors: [...policy.anchors, 'nvidia-device-identity'] }
    const found = await verifyEvidenceFile(file('nvidia', 'hopperAttestationReport.txt'), {
      certs: [file('nvidia', 'hopperCertChain.txt')],
      policy: saved('policy.json', JSON.stringify(named)),
      allowUnbound: true,
    })
    expect(withStatus('failed', found)).toEqual([])
    expect(found).toMatchObject({ form: 'nvidia-report', ok: true, bound: false })
    const bytes = recogniseEvidence(
      new Uint8Array(readFileSync(file('nvidia', 'hopperAttestationReport.txt'))),
    )
    for (const at of [10, 45, 300, 2_000, 4_000, (bytes?.bytes.length ?? 0) - 1]) {
      const changed = saved('report', bytes!.bytes.with(at, (bytes!.bytes[at] ?? 0) ^ 1))
      const refused = await verifyEvidenceFile(changed, {
        certs: [file('nvidia', 'hopperCertChain.txt')],
        policy: saved('policy.json', JSON.stringify(named)),
        allowUnbound: true,
      })
      expect(withStatus('failed', refused).length, `byte ${at}`).toBeGreaterThan(0)
    }
  })
})
