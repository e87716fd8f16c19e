/** What a person should know about a policy that is valid: what it lets in, and what makes it useless. */
import type { AttestationPolicy } from './policy.ts'

export interface PolicyRemark {
  readonly field: string
  /** refuses-all: nothing can pass; weak: lets in what the built-in production policy does not. */
  readonly kind: 'refuses-all' | 'weak'
  readonly text: string
}

type Rule = (policy: AttestationPolicy) => PolicyRemark | undefined

function refusesAll(
  field: string,
  text: string,
  isSo: (policy: AttestationPolicy) => boolean,
): Rule {
  return (policy) => (isSo(policy) ? { field, kind: 'refuses-all', text } : undefined)
}

function weak(field: string, text: string, isSo: (policy: AttestationPolicy) => boolean): Rule {
  return (policy) => (isSo(policy) ? { field, kind: 'weak', text } : undefined)
}

const takesTdx = ({ tees }: AttestationPolicy) => tees.some((tee) => tee.endsWith('tdx'))
const takesSnp = ({ tees }: AttestationPolicy) => tees.some((tee) => tee.endsWith('snp'))

const RULES: readonly Rule[] = [
  refusesAll('tees', 'no kind of machine is accepted', ({ tees }) => tees.length === 0),
  refusesAll('anchors', 'no root is trusted', ({ anchors }) => anchors.length === 0),
  refusesAll(
    'sealingSuites',
    'no suite is accepted',
    ({ sealingSuites }) => sealingSuites.length === 0,
  ),
  refusesAll(
    'tdx.measurements',
    'no release is listed: every TDX guest is refused',
    (policy) => takesTdx(policy) && policy.tdx.measurements.length === 0,
  ),
  refusesAll(
    'snp.measurements',
    'no release is listed: every SEV-SNP guest is refused',
    (policy) => takesSnp(policy) && policy.snp.measurements.length === 0,
  ),
  weak(
    'tierMin',
    'simulated machines are accepted: they protect nothing',
    ({ tierMin }) => tierMin === 'simulated',
  ),
  weak('tcb.statuses', 'platforms with known, unfixed holes are accepted', ({ tcb }) =>
    tcb.statuses.some((status) => status !== 'UpToDate'),
  ),
  weak(
    'tcb.grace',
    'platforms that are out of date are accepted for a time',
    ({ tcb }) => tcb.grace !== null,
  ),
  weak(
    'tdx.migratable',
    'a host may move the guest to another machine',
    ({ tdx }) => tdx.migratable === 'allowed',
  ),
  weak('snp.products', 'Milan: its root keys are said to be extractable by software', (policy) =>
    policy.snp.products.some(({ product }) => product === 'milan'),
  ),
  weak(
    'snp.platform',
    'memory that was not checked for aliases is accepted',
    (policy) => takesSnp(policy) && policy.snp.platform.aliasCheckComplete === 'any',
  ),
  weak(
    'snp.guest',
    'a migration agent may move the guest',
    ({ snp }) => snp.guest.migrationAgent === 'allowed',
  ),
  weak(
    'hardware.tierMin',
    'nobody vouches for where the machines stand: see docs/THREAT-MODEL.md',
    (policy) => policy.hardware.tierMin === 'genuine',
  ),
  weak(
    'freshness',
    'a provider may be used without ever answering a nonce in a quote',
    ({ freshness }) => !freshness.challengeFirstContact && freshness.spotChecksPerThousand === 0,
  ),
]

/** In the order of the document. */
export function remarksOn(policy: AttestationPolicy): readonly PolicyRemark[] {
  return RULES.map((rule) => rule(policy)).filter((remark) => remark !== undefined)
}
