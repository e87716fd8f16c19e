/** `cocoon policy show|check|diff`: what a person and a program see. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { defaultPolicy } from '#attestation/policy/builtin.ts'
import { mergePolicies } from '#attestation/policy/merge.ts'
import { type AttestationPolicy, parsePolicy, policyDigest } from '#attestation/policy/policy.ts'
import { buildProgram } from '#node/cli/program.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { testContext } from '#test/support/cli-context.ts'
import { rejectionCode } from '#test/support/error-code.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const production = defaultPolicy()

function file(name: string, document: unknown): string {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, typeof document === 'string' ? document : JSON.stringify(document))
  return path
}

async function run(...words: string[]) {
  const { context, stdout, stderr } = testContext()
  await buildProgram(context).parseAsync(['node', 'cocoon', 'policy', ...words])
  return { out: stdout(), talk: stderr() }
}

const digestOf = (policy: AttestationPolicy) => toHex(policyDigest(crypto, policy))

const stricter: AttestationPolicy = {
  ...production,
  name: 'mine',
  tees: ['tdx'],
  tcb: { ...production.tcb, evaluationNumberMin: 19 },
  hardware: {
    ...production.hardware,
    tierMin: 'endorsed',
    endorsed: [{ hardware: `tdx:${'ab'.repeat(16)}`, by: 'an operator' }],
  },
}

describe('cocoon policy show', () => {
  it('prints the built-in policy as a document that can be read again, and its digest', async () => {
    const { out, talk } = await run('show')
    expect(parsePolicy(JSON.parse(out))).toEqual(production)
    expect(talk).toContain(digestOf(production))
  })

  it('prints one JSON document for programs', async () => {
    const { out } = await run('show', '--json')
    expect(JSON.parse(out)).toEqual({ digest: digestOf(production), policy: production })
  })

  it('shows what is left of a policy and my own', async () => {
    const { out } = await run('show', '--own', file('own.json', stricter), '--json')
    const merged = mergePolicies(crypto, production, stricter)
    expect(JSON.parse(out)).toEqual({ digest: digestOf(merged), policy: merged })
    expect(merged).toMatchObject({ tees: ['tdx'], tcb: { evaluationNumberMin: 19 } })
  })

  it("shows a network's policy from its network file", async () => {
    const network = {
      format: 'cocoon-network/1',
      name: 'test',
      globalId: -3,
      chainUrl: 'http://127.0.0.1:1',
      bootstrap: [],
      models: [{ id: 'm', root: '00'.repeat(32) }],
      simulatedManufacturerSeed: '07'.repeat(32),
      closeDelay: 60,
    }
    const { out } = await run('show', file('network.json', network), '--json')
    expect(JSON.parse(out)).toMatchObject({
      policy: { name: 'simulated-network', tierMin: 'simulated' },
    })
  })
})

describe('cocoon policy check', () => {
  it('says that the built-in one refuses everybody until a release is listed', async () => {
    const { out } = await run('check', file('production.json', production), '--json')
    const { ok, digest, remarks } = JSON.parse(out)
    expect({ ok, digest }).toEqual({ ok: true, digest: digestOf(production) })
    const fields = (kind: string) =>
      remarks
        .filter((one: { kind: string }) => one.kind === kind)
        .map((one: { field: string }) => one.field)
    expect(fields('refuses-all')).toEqual(['tdx.measurements', 'snp.measurements'])
    expect(fields('weak')).toEqual(['hardware.tierMin'])
  })

  it('names what a lenient one lets in', async () => {
    const lenient: AttestationPolicy = {
      ...production,
      tierMin: 'simulated',
      tcb: { ...production.tcb, statuses: ['UpToDate', 'OutOfDate'] },
      tdx: { ...production.tdx, migratable: 'allowed' },
      snp: {
        ...production.snp,
        products: [
          { product: 'milan', tcbMin: { fmc: 0, bootLoader: 0, tee: 0, snp: 0, microcode: 0 } },
        ],
        guest: { ...production.snp.guest, migrationAgent: 'allowed' },
        platform: { ...production.snp.platform, aliasCheckComplete: 'any' },
      },
      freshness: {
        challengeFirstContact: false,
        challengeLocationVerified: true,
        spotChecksPerThousand: 0,
      },
    }
    const { out } = await run('check', file('lenient.json', lenient))
    for (const word of [
      'tierMin',
      'tcb.statuses',
      'tdx.migratable',
      'Milan',
      'snp.platform',
      'snp.guest',
      'freshness',
    ]) {
      expect(out).toContain(word)
    }
  })

  it.each([
    ['a missing field', { ...production, gpu: undefined }, 'POLICY_INVALID'],
    ['an unknown field', { ...production, allowDebug: true }, 'POLICY_INVALID'],
    ['the first version', { ...production, version: 1 }, 'POLICY_INVALID'],
    ['no JSON', '{', 'POLICY_INVALID'],
    ['more than a policy may have', ' '.repeat(1_048_577), 'FILE_TOO_LARGE'],
  ])('refuses %s', async (_, document, code) => {
    expect(await rejectionCode(run('check', file('bad.json', document)))).toBe(code)
  })
})

describe('cocoon policy diff', () => {
  const diff = async (from: AttestationPolicy, to: AttestationPolicy) => {
    const { out } = await run('diff', file('a.json', from), file('b.json', to), '--json')
    return JSON.parse(out) as {
      effect: string
      differences: { field: string; from: unknown; to: unknown; effect: string }[]
    }
  }

  it('is nothing between policies that differ in name and order alone', async () => {
    const same = { ...production, name: 'other', tees: production.tees.toReversed() }
    expect(await diff(production, same)).toEqual({ effect: 'same', differences: [] })
  })

  it('says of every field whether it gets stricter', async () => {
    expect(await diff(production, stricter)).toEqual({
      effect: 'tighter',
      differences: [
        { field: 'tees', from: ['tdx', 'sev-snp'], to: ['tdx'], effect: 'tighter' },
        { field: 'tcb.evaluationNumberMin', from: 18, to: 19, effect: 'tighter' },
        { field: 'hardware.tierMin', from: 'genuine', to: 'endorsed', effect: 'tighter' },
        { field: 'hardware.endorsed', from: [], to: stricter.hardware.endorsed, effect: 'tighter' },
      ],
    })
    expect((await diff(stricter, production)).effect).toBe('looser')
  })

  it('calls a change that goes both ways neither', async () => {
    const moved = { ...production, tees: ['tdx' as const, 'simulated-tdx' as const] }
    expect(await diff(production, moved)).toMatchObject({
      effect: 'other',
      differences: [{ field: 'tees', effect: 'other' }],
    })
    const grace = { tcbDateMin: '2026-01-01T00:00:00Z', until: '2026-12-01T00:00:00Z' }
    const both = { ...stricter, tcb: { ...stricter.tcb, grace } }
    const { effect, differences } = await diff(production, both)
    expect(effect).toBe('other')
    expect(differences.find(({ field }) => field === 'tcb.grace')?.effect).toBe('looser')
  })

  it('is a table for people', async () => {
    const { out, talk } = await run('diff', 'production', file('b.json', stricter))
    expect(out).toMatch(/^FIELD +FROM +TO +EFFECT/)
    expect(out).toMatch(/tcb\.evaluationNumberMin +18 +19 +tighter/)
    expect(talk).toContain('all together: tighter')
  })
})
