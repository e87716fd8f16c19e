/**
 * The first half of a session: hello, evidence, verdict. Nothing private has left this machine when
 * it ends, and nothing will unless every mandatory step passed.
 */
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { decodeStatement, type StatementCore } from '#attestation/statement.ts'
import type { TrustAnchor, Verdict } from '#attestation/types.ts'
import { requireVerdict } from '#attestation/verdict.ts'
import type { VerdictCache } from '#attestation/verdict-cache.ts'
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
  /** Verdicts on epoch quotes that this client has come to before. */
  readonly verdicts: VerdictCache
  /** In which machine this client saw each GPU. */
  readonly gpuSightings: GpuSightings
  readonly onVerdict: (verdict: Verdict) => void
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
  const { core, verdict } = await judge(stream, hello.evidence, clientNonce, components)
  return { clientNonce, hello, version, evidence: hello.evidence, core, verdict }
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
  const core = coreOf(evidence.statement)
  const [latest, block] = await Promise.all([
    chain.latestBlock(),
    core === undefined ? undefined : chain.block(core.notBefore.seqno),
  ])
  const nowMs = latest.time * 1000
  const verdict = verdicts.judge(evidence, {
    crypto,
    globalId: chain.globalId,
    nowMs,
    anchors,
    policy,
    gpuSightings,
    expected: { identityKey: stream.remote.identityKey, modelRoot, role: 'provider' },
    notBeforeBlock:
      block === undefined
        ? undefined
        : { seqno: block.seqno, rootHash: block.rootHash, timeMs: block.time * 1000 },
    ...(mode === 'challenge' ? { challenge: { clientNonce, proof: evidence.nonceProof } } : {}),
  })
  components.onVerdict(verdict)
  requireVerdict(verdict)
  const machine = verdict.hardware?.name ?? ''
  for (const gpu of verdict.gpus ?? []) gpuSightings.record(gpu, machine, nowMs)
  if (core === undefined) throw new AttestationError('STATEMENT_MALFORMED', 'no statement was read')
  return { core, verdict }
}

/** Undefined: malformed, which is for the verdict to say. */
function coreOf(statement: Uint8Array): StatementCore | undefined {
  try {
    return decodeStatement(statement).core
  } catch {
    return undefined
  }
}
