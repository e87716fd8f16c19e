/** `cocoon bench attest`: what a verdict costs, beside the signature checks that it cannot do without. */
import { type VerdictContext, verifyEvidence } from '#attestation/verdict.ts'
import { VerdictCache } from '#attestation/verdict-cache.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { rememberSignatures } from '#protocol/crypto/remembered-signatures.ts'
import { type AttestSubjects, attestSubjects } from './attest-evidence.ts'
import { DCAP_QVL_SKIPS, dcapQvlTask } from './dcap-qvl.ts'
import { measure, ratioOf, spreadOf, type Timing } from './measure.ts'
import { rawSignaturesOf } from './raw-signatures.ts'
import { type BenchDocument, type BenchRow, benchDocument } from './rows.ts'

interface Target {
  readonly figure: string
  readonly against: string
  readonly ratioMax: number
}

function ratioRow(ours: Timing, theirs: Timing, { figure, against, ratioMax }: Target): BenchRow {
  const spread = spreadOf(ours)
  const ratio = ratioOf(ours, theirs)
  const reach = `at most ${ratioMax}`
  return {
    figure,
    value: spread.min,
    unit: 'ms',
    against,
    ratio,
    reach,
    ok: ratio <= ratioMax,
    ...spread,
  }
}

/** Evidence of three kinds, each beside its own signature checks. */
function kinds({ context, tdx, otherTdx, snp, gpu }: AttestSubjects): BenchRow[] {
  const raw = {
    tdx: rawSignaturesOf(tdx, context),
    snp: rawSignaturesOf(snp, context),
    gpu: rawSignaturesOf(gpu, context),
  }
  // Fewer entries than the other machines have signatures: collateral stays, a machine is new each time.
  const seenCollateral = { ...context, crypto: rememberSignatures(crypto, 2 * otherTdx.length) }
  let turn = 0
  const anotherMachine = (given: VerdictContext) => {
    const evidence = otherTdx[turn++ % otherTdx.length]
    if (evidence !== undefined) verifyEvidence(evidence, given)
  }
  const timed = measure({
    tdx: () => anotherMachine(context),
    rawTdx: raw.tdx.run,
    cached: () => anotherMachine(seenCollateral),
    snp: () => verifyEvidence(snp, context),
    rawSnp: raw.snp.run,
    gpu: () => verifyEvidence(gpu, context),
    rawGpu: raw.gpu.run,
  })
  const checks = (count: number) => `its ${count} signature checks alone`
  return [
    ratioRow(timed.tdx, timed.rawTdx, {
      figure: 'TDX, full verdict',
      against: checks(raw.tdx.count),
      ratioMax: 2,
    }),
    ratioRow(timed.cached, timed.rawTdx, {
      figure: 'TDX, another machine under collateral that was seen',
      against: `the ${raw.tdx.count} signature checks of a full verdict`,
      ratioMax: 1.3,
    }),
    ratioRow(timed.snp, timed.rawSnp, {
      figure: 'SEV-SNP, full verdict',
      against: checks(raw.snp.count),
      ratioMax: 2,
    }),
    ratioRow(timed.gpu, timed.rawGpu, {
      figure: 'SEV-SNP with one GPU, full verdict',
      against: checks(raw.gpu.count),
      ratioMax: 2,
    }),
  ]
}

/** The verdict of a session whose evidence was judged before, with the signature that proves its keys alive. */
function cachedSession({ context, tdx }: AttestSubjects): BenchRow {
  const cache = new VerdictCache(crypto)
  cache.judge(tdx, context)
  const pair = crypto.ed25519FromSeed(crypto.randomBytes(32))
  const transcript = crypto.randomBytes(400)
  const signature = crypto.ed25519Sign(pair, transcript)
  const { session } = measure({
    session: () => {
      cache.judge(tdx, context)
      crypto.ed25519Verify(pair.publicKey, transcript, signature)
    },
  })
  const spread = spreadOf(session)
  return {
    figure: 'session under remembered evidence',
    value: spread.min,
    unit: 'ms',
    against: '',
    ratio: null,
    reach: `at most ${CACHED_SESSION_MS_MAX} ms`,
    ok: spread.min <= CACHED_SESSION_MS_MAX,
    ...spread,
  }
}

const CACHED_SESSION_MS_MAX = 0.2

/** Beside another verifier for the same quote; without one a row that says so. */
async function otherVerifier(subjects: AttestSubjects): Promise<BenchRow> {
  const figure = 'TDX, full verdict, beside dcap-qvl'
  const theirs = await dcapQvlTask(subjects)
  const { context, tdx } = subjects
  const ours = () => verifyEvidence(tdx, context)
  if (theirs === undefined) {
    const spread = spreadOf(measure({ ours }).ours)
    const against = '@phala/dcap-qvl, which is not installed'
    return {
      figure,
      value: spread.min,
      unit: 'ms',
      against,
      ratio: null,
      reach: '',
      ok: null,
      ...spread,
    }
  }
  const timed = measure({ ours, theirs })
  return ratioRow(timed.ours, timed.theirs, {
    figure,
    against: `@phala/dcap-qvl, which skips: ${DCAP_QVL_SKIPS}`,
    ratioMax: 1,
  })
}

/** @param seed makes the same SIMULATED machines again */
export async function benchAttest(seed: number): Promise<BenchDocument> {
  const subjects = await attestSubjects(crypto, seed)
  const rows = [...kinds(subjects), cachedSession(subjects), await otherVerifier(subjects)]
  return benchDocument('attest', seed, rows, { openssl: process.versions.openssl })
}
