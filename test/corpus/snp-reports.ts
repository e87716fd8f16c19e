/** SNP reports: good ones of every kind, and ones whose fields a strict policy refuses. */
import { SIMULATED_SNP_TCB } from '#attestation/evidence/simulated/snp-machine.ts'
import { concat } from '#protocol/bytes.ts'
import { bytes } from '#test/attestation/network.ts'
import { amdOf, type SnpForgery, snpContext } from '#test/attestation/snp-network.ts'
import type { CorpusEntry } from './entry.ts'
import { snp, snpBundle, underSnp } from './snp-entry.ts'

const tcb = SIMULATED_SNP_TCB.genoa
const turin = { product: 'turin', signingKey: 'vcek' } as const
const vlek = { product: 'genoa', signingKey: 'vlek' } as const
const milan = { product: 'milan', signingKey: 'vcek' } as const

const byte = (at: number, mask: number): SnpForgery => ({
  report: (report) => report.with(at, (report[at] ?? 0) ^ mask),
})
const fields = (values: NonNullable<SnpForgery['fields']>): SnpForgery => ({ fields: values })

const good: readonly CorpusEntry[] = [
  snpBundle('snp-genoa-good', 'An honest simulated Genoa machine: every step passes.', []),
  snpBundle(
    'snp-turin-good',
    'Turin, whose TCB begins with FMC and whose chip id has 8 bytes.',
    [],
    {
      kind: turin,
    },
  ),
  snpBundle('snp-vlek-good', 'A VLEK where the policy takes one.', [], { kind: vlek }),
  snp('snp-raw-good', 'A report alone with its chain, taken unbound.', []),
  snp('snp-report-version-4-good', 'Report version 4.', [], fields({ version: 4 })),
  snp('snp-report-version-5-good', 'Report version 5.', [], fields({ version: 5 })),
]

const format: readonly CorpusEntry[] = [
  snp('snp-report-version-1', 'Report version 1.', ['report-format'], fields({ version: 1 })),
  snp('snp-report-version-6', 'Report version 6.', ['report-format'], fields({ version: 6 })),
  snpBundle('snp-report-cut', 'One byte less.', ['report-format'], {
    report: (report) => report.subarray(1),
  }),
  snpBundle('snp-report-padded', 'One byte more.', ['report-format'], {
    report: (report) => concat(report, Uint8Array.of(0)),
  }),
  snp('snp-other-algorithm', 'Another signature algorithm.', ['report-format'], byte(0x34, 3)),
  snp('snp-reserved-set', 'Reserved bytes set.', ['report-format'], byte(0x208, 1)),
  snp('snp-signature-padding', 'Padding of R set.', ['report-format'], byte(0x2a0 + 48, 1)),
  snp('snp-signature-end', 'The end of the signature set.', ['report-format'], byte(1_183, 1)),
  snp(
    'snp-mitigation-vector',
    'A mitigation vector before version 5.',
    ['report-format'],
    byte(0x1f8, 1),
  ),
  snp(
    'snp-masked-chip-key',
    'A platform that masks its chip key.',
    ['report-format'],
    fields({ keyInfo: 2 }),
  ),
  snp('snp-unsigned', 'Signed by no key.', ['report-format'], fields({ keyInfo: 7 << 2 })),
]

const identity: readonly CorpusEntry[] = [
  snp(
    'snp-report-changed',
    'One bit of the measurement.',
    ['report-signature', 'measurements'],
    byte(0x90, 1),
  ),
  snp('snp-scalar-changed', 'One bit of R.', ['report-signature'], byte(0x2a0, 1)),
  snp(
    'snp-report-version-2',
    'Version 2 under a policy of 3.',
    ['vcek-identity', 'platform-info'],
    fields({ version: 2 }),
  ),
  snp(
    'snp-other-processor',
    'CPUID of another product.',
    ['vcek-identity'],
    fields({ product: 'milan' }),
  ),
  snp(
    'snp-other-chip',
    'The VCEK of another chip.',
    ['vcek-identity'],
    fields({ chipId: bytes(64, 5) }),
  ),
  snp('snp-vlek-hidden-chip', 'A VLEK on a platform that hides its chip.', ['vcek-identity'], {
    kind: vlek,
    fields: { chipId: new Uint8Array(64) },
  }),
  snp('snp-vlek-as-vcek', 'A VLEK that the report calls a VCEK.', ['vcek-chain'], {
    kind: vlek,
    fields: { keyInfo: 0 },
  }),
  snp('snp-vlek-not-accepted', 'A VLEK where the policy takes VCEKs only.', ['vcek-identity'], {
    kind: vlek,
    context: {
      policy: {
        ...snpContext(vlek).policy,
        snp: { ...snpContext(vlek).policy.snp, signingKeys: ['vcek'] },
      },
    },
  }),
  snp(
    'snp-milan',
    'Milan, which no built-in policy accepts, nor has a floor for.',
    ['vcek-identity', 'tcb-status'],
    {
      kind: milan,
      context: { policy: { ...snpContext().policy, anchors: [amdOf(milan).anchor.id] } },
    },
  ),
]

const status: readonly CorpusEntry[] = [
  snp(
    'snp-tcb-of-another-key',
    'A reported TCB that the VCEK is not for.',
    ['tcb-status'],
    fields({ tcb: { ...tcb, snp: 99 } }),
  ),
  snp(
    'snp-committed-rolled-back',
    'Rolled back: a committed TCB below the floor.',
    ['tcb-status'],
    fields({ committedTcb: { ...tcb, snp: 1 } }),
  ),
  snp(
    'snp-launch-tcb-old',
    'A TCB at launch below the floor.',
    ['tcb-status'],
    fields({ launchTcb: { ...tcb, microcode: 1 } }),
  ),
  snp(
    'snp-firmware-old',
    'Committed firmware below the floor.',
    ['tcb-status'],
    fields({ firmware: { major: 1, minor: 54, build: 9 } }),
  ),
  snp(
    'snp-tcb-floor',
    'A good report under a higher floor.',
    ['tcb-status'],
    underSnp({
      products: [{ product: 'genoa', tcbMin: { ...tcb, snp: 25 } }],
    }),
  ),
]

const guests: readonly CorpusEntry[] = [
  snp('snp-debug', 'A debug guest.', ['guest-policy'], fields({ policy: 0xb_0137n })),
  snp(
    'snp-migration-agent',
    'A guest with a migration agent.',
    ['guest-policy'],
    fields({ policy: 0x7_0137n }),
  ),
  snp(
    'snp-policy-bit-17',
    'Bit 17 of the guest policy cleared.',
    ['guest-policy'],
    fields({ policy: 0x1_0137n }),
  ),
  snp(
    'snp-policy-reserved',
    'A reserved bit of the guest policy.',
    ['guest-policy'],
    fields({ policy: 0x3_0137n | (1n << 40n) }),
  ),
  snp('snp-vmpl-1', 'A report asked for at VMPL 1.', ['guest-policy'], fields({ vmpl: 1 })),
  snp(
    'snp-smt',
    'SMT where the policy refuses it.',
    ['guest-policy'],
    underSnp({
      guest: { ...snpContext().policy.snp.guest, smt: 'refused' },
    }),
  ),
  snp(
    'snp-no-alias-check',
    'ALIAS_CHECK_COMPLETE off.',
    ['platform-info'],
    fields({ platformInfo: 5n }),
  ),
  snp(
    'snp-platform-reserved',
    'A reserved platform bit.',
    ['platform-info'],
    fields({ platformInfo: 0x65n }),
  ),
  snp(
    'snp-no-ciphertext-hiding',
    'No ciphertext hiding where it is required.',
    ['platform-info'],
    underSnp({
      platform: { ...snpContext().policy.snp.platform, ciphertextHiding: 'required' },
    }),
  ),
  snp(
    'snp-id-key-not-listed',
    'No ID key where the policy lists one.',
    ['id-keys'],
    underSnp({ idKeyDigests: ['ab'.repeat(48)] }),
  ),
  snp(
    'snp-author-without-key',
    'An author digest without an ID key.',
    ['id-keys'],
    fields({ authorKeyDigest: bytes(48, 1) }),
  ),
  snp(
    'snp-other-measurement',
    'Another launch digest.',
    ['measurements'],
    fields({ measurement: bytes(48, 1) }),
  ),
  snp(
    'snp-other-host-data',
    'Other host data.',
    ['measurements'],
    fields({ hostData: bytes(32, 1) }),
  ),
  snpBundle(
    'snp-report-data-swapped',
    'A report over other report data.',
    ['report-data'],
    fields({ reportData: bytes(64, 1) }),
  ),
]

export const SNP_REPORTS: readonly CorpusEntry[] = [
  ...good,
  ...format,
  ...identity,
  ...status,
  ...guests,
]
