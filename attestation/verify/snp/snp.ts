/**
 * The strict verifier for AMD SEV-SNP: one order of checks for AMD's machines and simulated ones, only the trust
 * anchor differs. Pure and synchronous; whoever calls it brings report and collateral.
 */
import type { DeviceCertificate } from '#attestation/der/device-certificate.ts'
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import type { SnpProduct, SnpTcb } from '#attestation/policy/snp-section.ts'
import type { Finding, StepRecorder } from '#attestation/steps.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { refuse } from '../refuse.ts'
import type { AppraisalContext, TeeEvidence, TeeFindings, TeeVerifier } from '../tee-verifier.ts'
import { decodeSnpCollateral } from './collateral.ts'
import { expectGuestPolicy, expectPlatform } from './guest-policy.ts'
import { expectProcessor } from './product.ts'
import { parseSnpReport, type SnpReport } from './report.ts'
import { SNP_STEPS, type SnpStepName } from './steps.ts'
import { isAtLeast, isSameTcb, readCertifiedTcb, readTcb, tcbText } from './tcb.ts'
import { checkSnpTrust } from './trust.ts'
import { expectChip, expectCloudProvider, expectProductName } from './vcek-extensions.ts'

type SnpPolicy = AttestationPolicy['snp']

function expectIdentity(
  report: SnpReport,
  signer: DeviceCertificate,
  product: SnpProduct,
  policy: SnpPolicy,
): Finding<boolean> {
  const { signingKey, chipId, processor, version } = report
  const isAccepted = policy.products.some((one) => one.product === product)
  if (!isAccepted) refuse(`the policy does not accept ${product}`, { found: product })
  if (!policy.signingKeys.includes(signingKey)) refuse(`the policy does not accept a ${signingKey}`)
  if (version < policy.reportVersionMin) {
    refuse(`report version ${version}, at least ${policy.reportVersionMin} is asked for`)
  }
  expectProductName(signer, product)
  expectProcessor(processor, product)
  if (signingKey === 'vcek') expectChip(signer, product, chipId)
  else expectCloudProvider(signer, chipId)
  return { found: `${product}, chip ${toHex(chipId).slice(0, 16)}…`, value: true }
}

/** The TCB that the key was derived for is what counts; the other three must not be below the floor either. */
function expectTcb(
  report: SnpReport,
  signer: DeviceCertificate,
  product: SnpProduct,
  policy: SnpPolicy,
): Finding<SnpTcb> {
  const reported = readTcb(report.reportedTcb, product)
  const certified = readCertifiedTcb(signer, product)
  if (!isSameTcb(reported, certified)) {
    refuse(`the key is for ${tcbText(certified)}`, { found: tcbText(reported) })
  }
  const accepted = policy.products.find((one) => one.product === product)
  if (accepted === undefined) return refuse(`the policy names no TCB for ${product}`)
  const { tcbMin } = accepted
  const all = {
    reported,
    current: readTcb(report.currentTcb, product),
    committed: readTcb(report.committedTcb, product),
    launch: readTcb(report.launchTcb, product),
  }
  for (const [name, tcb] of Object.entries(all)) {
    if (!isAtLeast(tcb, tcbMin)) {
      refuse(`the ${name} TCB is below ${tcbText(tcbMin)}`, { found: tcbText(tcb) })
    }
  }
  const { major, minor } = report.committedFirmware
  const { abiMin } = policy
  if (major < abiMin.major || (major === abiMin.major && minor < abiMin.minor)) {
    refuse(`committed firmware ${major}.${minor} is below ${abiMin.major}.${abiMin.minor}`)
  }
  return { found: `${tcbText(reported)}; firmware ${major}.${minor}`, value: reported }
}

function expectIdKeys(report: SnpReport, policy: SnpPolicy): Finding<boolean> {
  const [idKey, authorKey] = [toHex(report.idKeyDigest), toHex(report.authorKeyDigest)]
  if (policy.idKeyDigests !== 'any' && !policy.idKeyDigests.includes(idKey)) {
    refuse('an ID key that the policy does not list', { found: idKey })
  }
  if (policy.authorKeyDigests !== 'any' && !policy.authorKeyDigests.includes(authorKey)) {
    refuse('an author key that the policy does not list', { found: authorKey })
  }
  const hasDigest = report.authorKeyDigest.some((byte) => byte !== 0)
  if (report.hasAuthorKey !== hasDigest) refuse('AUTHOR_KEY_EN and the author key digest disagree')
  const named = (digest: string) => (/^0+$/.test(digest) ? 'none' : `${digest.slice(0, 16)}…`)
  return { found: `ID key ${named(idKey)}, author key ${named(authorKey)}`, value: true }
}

function expectMeasurement(report: SnpReport, policy: SnpPolicy) {
  const [measurement, hostData] = [toHex(report.measurement), toHex(report.hostData)]
  const releases = policy.measurements.filter(
    (one) => one.measurement === measurement && one.hostData === hostData,
  )
  if (releases.length === 0) {
    const found = `${measurement}, HOST_DATA ${hostData}`
    return refuse('no listed release has this launch digest and host data', { found })
  }
  return {
    found: releases.map(({ label }) => label).join(' or '),
    value: releases.map(({ runtimeDigest }) => fromHex(runtimeDigest)),
  }
}

/** Runs every step of `SNP_STEPS`, in their order. */
function checkSnp(
  recorder: StepRecorder,
  evidence: TeeEvidence,
  context: AppraisalContext,
): TeeFindings {
  const steps: StepRecorder<SnpStepName> = recorder
  const policy = context.policy.snp
  const report = steps.run('report-format', [], () => {
    const value = parseSnpReport(evidence.quote)
    return { found: `version ${value.version}, ${evidence.quote.length} bytes`, value }
  })
  const collateral = steps.run('collateral-format', [], () => {
    const value = decodeSnpCollateral(evidence.collateral)
    return { found: `${evidence.collateral.length} bytes`, value }
  })
  const { anchor, product, signer } = checkSnpTrust(steps, context, report, collateral)
  const signed = [report, signer, product] as const
  const isIdentified = steps.run('vcek-identity', signed, (parsed, key, line) =>
    expectIdentity(parsed, key, line, policy),
  )
  steps.run('tcb-status', signed, (parsed, key, line) => expectTcb(parsed, key, line, policy))
  steps.run('guest-policy', [report], (parsed) => {
    expectGuestPolicy(parsed, policy)
    return { found: `POLICY ${parsed.policy.toString(16)}h, VMPL ${parsed.vmpl}`, value: true }
  })
  steps.run('platform-info', [report], (parsed) => {
    expectPlatform(parsed, policy)
    return { found: `${parsed.platformInfo.toString(16)}h`, value: true }
  })
  steps.run('id-keys', [report], (parsed) => expectIdKeys(parsed, policy))
  const runtimeDigests = steps.run('measurements', [report], (parsed) =>
    expectMeasurement(parsed, policy),
  )
  const id = isIdentified === true ? report?.chipId : undefined
  const hardware = id === undefined ? undefined : ({ kind: 'sev-snp', id } as const)
  return { anchor, reportData: report?.reportData, hardware, runtimeDigests }
}

export const SNP_VERIFIER: TeeVerifier = { kind: 'sev-snp', steps: SNP_STEPS, check: checkSnp }
