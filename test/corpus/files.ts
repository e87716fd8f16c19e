/** The exact text of the corpus's files (docs/spec/attestation-corpus.md): what several cases have in common is written once. */
import { type AttestationPolicy, parsePolicy, policyDigest } from '#attestation/policy/policy.ts'
import type { TrustAnchor } from '#attestation/types.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { context, manufacturer, nowMs, policy } from '#test/attestation/network.ts'
import type { Comparison, CorpusEntry } from './entry.ts'

const base64 = (value: Uint8Array): string => Buffer.from(value).toString('base64')
const iso = (ms: number): string => new Date(ms).toISOString()
const hashOf = (value: Uint8Array): string => `sha256:${toHex(crypto.sha256(value))}`
const policyHash = (one: AttestationPolicy): string => `sha256:${toHex(policyDigest(crypto, one))}`
const anchorsOf = ({ anchors = [manufacturer.anchor] }: CorpusEntry): readonly TrustAnchor[] =>
  anchors

/** Below this many bytes a hash is no shorter. */
const SHARED_BYTES_MIN = 128

/** What more than one case has, by hash, and how each case writes it. */
interface Shared {
  readonly bytes: ReadonlyMap<string, string>
  readonly policies: ReadonlyMap<string, AttestationPolicy>
  readonly name: (value: Uint8Array) => string
  readonly policyName: (one: AttestationPolicy | 'production') => unknown
}

/** Those that occur twice or more, in the order of their hashes. */
function repeated<T>(all: readonly (readonly [string, T])[]): Map<string, T> {
  const counts = new Map<string, number>()
  for (const [hash] of all) counts.set(hash, (counts.get(hash) ?? 0) + 1)
  const found = new Map(all.filter(([hash]) => (counts.get(hash) ?? 0) > 1))
  return new Map([...found].toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

function sharedBy(entries: readonly CorpusEntry[]): Shared {
  const parts = entries.flatMap((entry) => [
    entry.evidence,
    ...(entry.collateral === undefined ? [] : [entry.collateral]),
    ...(entry.certificates ?? []),
    ...anchorsOf(entry).map((anchor) => anchor.rootCertificate),
  ])
  const large = parts.filter(({ length }) => length >= SHARED_BYTES_MIN)
  const bytes = repeated(large.map((part) => [hashOf(part), base64(part)] as const))
  const documents = entries.map((entry) => entry.policy ?? policy)
  const own = documents.filter((one) => one !== 'production').map(parsePolicy)
  const policies = repeated(own.map((one) => [policyHash(one), one] as const))
  return {
    bytes,
    policies,
    name: (value) => (bytes.has(hashOf(value)) ? hashOf(value) : base64(value)),
    policyName: (one) =>
      one !== 'production' && policies.has(policyHash(one)) ? policyHash(one) : one,
  }
}

function comparisonDocument(compare: Comparison): Record<string, unknown> {
  const { identityKey, modelRoot, clientNonce, block: known, gpusSeen } = compare
  const blockDocument = known && {
    seqno: known.seqno,
    rootHash: base64(known.rootHash),
    time: iso(known.timeMs),
  }
  return {
    ...(identityKey && { identityKey: base64(identityKey) }),
    ...(modelRoot && { modelRoot: base64(modelRoot) }),
    ...(clientNonce && { clientNonce: base64(clientNonce) }),
    ...(known !== undefined && { block: blockDocument }),
    ...(gpusSeen && {
      gpusSeen: gpusSeen.map(({ gpu, machine, timeMs }) => ({ gpu, machine, time: iso(timeMs) })),
    }),
  }
}

/** One field a line. */
function documentText(document: object): string {
  const lines = Object.entries(document).map(
    ([field, value]) => `  ${JSON.stringify(field)}: ${JSON.stringify(value)}`,
  )
  return `{\n${lines.join(',\n')}\n}\n`
}

function entryText(entry: CorpusEntry, shared: Shared): string {
  const { id, comment, failed, evidence, collateral, certificates } = entry
  return documentText({
    format: 'cocoon-attestation-case/1',
    id,
    comment,
    input: {
      evidence: shared.name(evidence),
      ...(collateral && { collateral: shared.name(collateral) }),
      ...(certificates && { certificates: certificates.map(shared.name) }),
    },
    clock: iso(entry.clockMs ?? nowMs),
    globalId: entry.globalId ?? context.globalId,
    anchors: anchorsOf(entry).map((anchor) => ({
      ...anchor,
      rootCertificate: shared.name(anchor.rootCertificate),
    })),
    policy: shared.policyName(entry.policy ?? policy),
    compare: comparisonDocument(entry.compare ?? {}),
    allowUnbound: entry.allowUnbound ?? false,
    expect: { ok: failed.length === 0, tier: 'simulated', failed },
  })
}

/** Every file of the corpus: name and exact text, the same whenever it is made. */
export function corpusFiles(entries: readonly CorpusEntry[]): ReadonlyMap<string, string> {
  const shared = sharedBy(entries)
  const sharedDocument = {
    format: 'cocoon-attestation-shared/1',
    bytes: [...shared.bytes.values()],
    policies: [...shared.policies.values()],
  }
  return new Map([
    ['shared.json', documentText(sharedDocument)],
    ...entries.map((entry): [string, string] => [`${entry.id}.json`, entryText(entry, shared)]),
  ])
}
