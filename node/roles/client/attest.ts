/**
 * The first half of a session: hello, evidence, verdict. Nothing private has left this machine when
 * it ends, and nothing will unless every mandatory step passed.
 */
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { decodeStatement, type StatementCore } from '#attestation/statement.ts'
import type { TrustAnchor, Verdict } from '#attestation/types.ts'
import { requireVerdict, type VerdictContext } from '#attestation/verdict.ts'
import type { VerdictCache } from '#attestation/verdict-cache.ts'
import type { GpuOpinion } from '#attestation/verify/gpu/second-opinion.ts'
import type { GpuSightings } from '#attestation/verify/gpu/sightings.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { AttestationError, ProtocolError, UnavailableError } from '#protocol/errors.ts'
import type { Evidence, FreshnessMode } from '#protocol/evidence.ts'
import {
  decodeSessionMessage,
  encodeSessionMessage,
  type ProviderHello,
} from '#protocol/session/frames.ts'
import { negotiateVersion, PROTOCOL_VERSIONS } from '#protocol/session/transcript.ts'
import type { MessageStream } from '#protocol/transport.ts'
import type { ChainReader } from '#settlement/types.ts'
import { providerRefused } from './request.ts'

export interface AttestComponents {
  readonly crypto: CryptoPort
  readonly chain: ChainReader
  readonly anchors: readonly TrustAnchor[]
  readonly policy: AttestationPolicy
  readonly modelRoot: Uint8Array
  readonly mode: FreshnessMode
  /** The asker permits tier open for its request. */
  readonly openPermitted?: boolean | undefined
  /** Verdicts on epoch quotes that this client has come to before. */
  readonly verdicts: VerdictCache
  /** In which machine this client saw each GPU. */
  readonly gpuSightings: GpuSightings
  /** Asked where the policy wants NVIDIA's own opinion on GPUs; undefined: nobody is asked. */
  readonly secondOpinion?: SecondOpinion | undefined
  /** Collateral that this client saw before; undefined: what comes with evidence is all there is. */
  readonly collateral?: SeenCollateral | undefined
  readonly onVerdict: (verdict: Verdict) => void
}

/** Never rejects. */
export type SecondOpinion = (
  gpuEvidence: Uint8Array,
  nowMs: number,
) => Promise<readonly GpuOpinion[]>

/** Collateral by what it is for: whoever rolls it back is judged by what was seen before. */
export interface SeenCollateral {
  /** The same evidence, with newer collateral where some is known. */
  renewed(evidence: Evidence): Evidence
  /** Evidence that passed. */
  passed(evidence: Evidence): void
}

/** A provider whose evidence this client's own policy found good. */
export interface AttestedProvider {
  readonly clientNonce: Uint8Array
  readonly hello: ProviderHello
  readonly version: number
  readonly evidence: Evidence
  readonly core: StatementCore
  readonly verdict: Verdict
}

/**
 * @throws AttestationError EVIDENCE_REFUSED with the failed step
 * @throws ProtocolError VERSION_UNSUPPORTED, SESSION_OUT_OF_ORDER, FRAME_MALFORMED
 * @throws UnavailableError PROVIDER_REFUSED, PROVIDER_GONE, CHAIN_UNREACHABLE
 */
export async function attest(
  stream: MessageStream,
  components: AttestComponents,
): Promise<AttestedProvider> {
  const { crypto, modelRoot, mode } = components
  const clientNonce = crypto.randomBytes(32)
  const clientHello = { versions: PROTOCOL_VERSIONS, clientNonce, modelRoot, mode }
  await stream.send(encodeSessionMessage({ kind: 'client-hello', hello: clientHello }))
  const hello = await receiveHello(stream)
  const version = negotiateVersion(PROTOCOL_VERSIONS, hello.versions)
  if (version !== hello.version) {
    throw new ProtocolError('VERSION_UNSUPPORTED', 'the provider chose another protocol version')
  }
  const evidence = components.collateral?.renewed(hello.evidence) ?? hello.evidence
  const { core, verdict } = await judge(stream, evidence, clientNonce, components)
  components.collateral?.passed(evidence)
  return { clientNonce, hello, version, evidence, core, verdict }
}

async function receiveHello(stream: MessageStream): Promise<ProviderHello> {
  const bytes = await stream.receive()
  if (bytes === undefined) {
    throw new UnavailableError(
      'PROVIDER_GONE',
      'the provider ended the session before its evidence',
    )
  }
  const message = decodeSessionMessage(bytes)
  if (message.kind === 'refusal') {
    throw providerRefused(message.refusal)
  }
  if (message.kind !== 'provider-hello') {
    throw new ProtocolError('SESSION_OUT_OF_ORDER', `a ${message.kind} instead of a hello`)
  }
  return message.hello
}

/** Time and blocks come from the chain that the client itself reads. */
async function judge(
  stream: MessageStream,
  evidence: Evidence,
  clientNonce: Uint8Array,
  components: AttestComponents,
): Promise<{ core: StatementCore; verdict: Verdict }> {
  const { crypto, chain, anchors, policy, modelRoot, mode, verdicts, gpuSightings } = components
  const { openPermitted } = components
  const core = coreOf(evidence.statement)
  const [latest, block] = await Promise.all([
    chain.latestBlock(),
    core === undefined ? undefined : chain.block(core.notBefore.seqno),
  ])
  const nowMs = latest.time * 1000
  const context: VerdictContext = {
    crypto,
    globalId: chain.globalId,
    nowMs,
    anchors,
    policy,
    openPermitted,
    gpuSightings,
    expected: { identityKey: stream.remote.identityKey, modelRoot, role: 'provider' },
    notBeforeBlock:
      block === undefined
        ? undefined
        : { seqno: block.seqno, rootHash: block.rootHash, timeMs: block.time * 1000 },
    ...(mode === 'challenge' ? { challenge: { clientNonce, proof: evidence.nonceProof } } : {}),
  }
  const verdict = await withSecondOpinion(
    verdicts.judge(evidence, context),
    { evidence, context },
    components,
  )
  components.onVerdict(verdict)
  requireVerdict(verdict)
  const machine = verdict.hardware?.name ?? ''
  for (const gpu of verdict.gpus ?? []) gpuSightings.record(gpu, machine, nowMs)
  if (core === undefined) throw new AttestationError('STATEMENT_MALFORMED', 'no statement was read')
  return { core, verdict }
}

/** Asked only about evidence that is good but for this, so that nobody's junk is sent to the service. */
async function withSecondOpinion(
  first: Verdict,
  { evidence, context }: { readonly evidence: Evidence; readonly context: VerdictContext },
  { secondOpinion, verdicts, policy }: AttestComponents,
): Promise<Verdict> {
  const isWanted = policy.gpu.nras !== 'none' && evidence.gpuEvidence.length > 0
  const isGoodBut = first.steps.every(
    ({ name, status }) => name === 'gpu-second-opinion' || !['failed', 'skipped'].includes(status),
  )
  if (!isWanted || !isGoodBut || secondOpinion === undefined) return first
  const gpuOpinions = await secondOpinion(evidence.gpuEvidence, context.nowMs)
  return verdicts.judge(evidence, { ...context, gpuOpinions })
}

/** Undefined: malformed, which is for the verdict to say. */
function coreOf(statement: Uint8Array): StatementCore | undefined {
  try {
    return decodeStatement(statement).core
  } catch {
    return undefined
  }
}
