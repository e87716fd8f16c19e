/**
 * Writes the first cases of test/vectors/attestation/ (docs/spec/attestation-corpus.md). Deterministic:
 * `npx node test/vectors/attestation-corpus.generate.ts` gives the same files whenever it runs.
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { encodeBundle } from '#attestation/evidence/bundle-file.ts'
import { simulatedManufacturer } from '#attestation/evidence/simulated/manufacturer.ts'
import { decodeCollateral, encodeCollateral } from '#attestation/verify/collateral.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { Evidence } from '#protocol/evidence.ts'
import {
  bytes,
  context,
  core,
  makeEvidence,
  manufacturer,
  nowMs,
  policy,
} from '#test/attestation/network.ts'

const DAY_MS = 86_400_000
const base64 = (value: Uint8Array): string => Buffer.from(value).toString('base64')
const iso = (ms: number): string => new Date(ms).toISOString()

const honest = makeEvidence()
const parts = decodeCollateral(manufacturer.collateral)
const foreign = simulatedManufacturer({ seed: bytes(32, 9), nowMs, crypto })
const block = context.notBeforeBlock!

interface Changes {
  readonly evidence?: Uint8Array
  readonly collateral?: Uint8Array
  readonly clockMs?: number
  readonly globalId?: number
  readonly policy?: unknown
  readonly compare?: Readonly<Record<string, unknown>>
  readonly allowUnbound?: boolean
}

function write(id: string, comment: string, failed: readonly string[], changes: Changes = {}): void {
  const { evidence = encodeBundle(honest), collateral, clockMs = nowMs } = changes
  const document = {
    format: 'cocoon-attestation-case/1',
    id,
    comment,
    input: {
      evidence: base64(evidence),
      ...(collateral === undefined ? {} : { collateral: base64(collateral) }),
    },
    clock: iso(clockMs),
    globalId: changes.globalId ?? context.globalId,
    anchors: [
      {
        ...manufacturer.anchor,
        rootCertificate: base64(manufacturer.anchor.rootCertificate),
      },
    ],
    policy: changes.policy ?? policy,
    compare: {
      identityKey: base64(core.identityKey),
      modelRoot: base64(core.modelRoot),
      block: { seqno: block.seqno, rootHash: base64(block.rootHash), time: iso(block.timeMs) },
      ...changes.compare,
    },
    allowUnbound: changes.allowUnbound ?? false,
    expect: { ok: failed.length === 0, tier: 'simulated', failed },
  }
  const file = path.join(import.meta.dirname, 'attestation', `${id}.json`)
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`)
}

const bundleWith = (changes: Partial<Evidence>): Uint8Array => encodeBundle({ ...honest, ...changes })

write('simulated-tdx-good', 'An honest simulated TDX machine: every step passes.', [])
write('raw-quote-good', 'A quote alone with its collateral, taken unbound.', [], {
  evidence: honest.quote,
  collateral: honest.collateral,
  allowUnbound: true,
})
write('simulated-on-mainnet', 'Simulated evidence where the verifier is on mainnet.', ['network', 'anchor'], {
  globalId: -239,
})
write('foreign-collateral', 'Collateral of another manufacturer.', ['revocation'], {
  evidence: bundleWith({ collateral: foreign.collateral }),
})
write('crl-replaced-by-zero', 'The PCK revocation list is one zero byte.', ['revocation'], {
  evidence: bundleWith({ collateral: encodeCollateral({ ...parts, pckCrl: bytes(1, 0) }) }),
})
write('collateral-expired', 'The same evidence 40 days later.', ['freshness', 'revocation'], {
  clockMs: nowMs + 40 * DAY_MS,
})
write('other-identity', 'Evidence of another peer than the one connected to.', ['identity-key'], {
  compare: { identityKey: base64(bytes(32, 0x77)) },
})
write('report-data-swapped', "A statement beside somebody else's quote.", ['report-data'], {
  evidence: bundleWith({ quote: makeEvidence({ core: { epoch: 2n } }).quote }),
})
write('quote-padded', 'One byte after the quote.', ['quote-format'], {
  evidence: Uint8Array.from([...honest.quote, 1]),
  collateral: honest.collateral,
  allowUnbound: true,
})
write('quote-signature-flipped', "One bit of the quote's signature.", ['quote-signature'], {
  evidence: honest.quote.with(640, (honest.quote[640] ?? 0) ^ 1),
  collateral: honest.collateral,
  allowUnbound: true,
})
