/** `cocoon attest verify FILE`: reads, recognises, judges. */
import { type Appraisal, unreadable } from '#attestation/appraisal/appraisal.ts'
import { appraiseBundle, type BundleExpectations } from '#attestation/appraisal/bundle.ts'
import { appraiseGpuReport } from '#attestation/appraisal/gpu.ts'
import { appraiseRaw } from '#attestation/appraisal/raw.ts'
import { recogniseEvidence } from '#attestation/appraisal/recognise.ts'
import { decodeBundle } from '#attestation/evidence/bundle-file.ts'
import { decodeStatement } from '#attestation/statement.ts'
import { openChain } from '#node/chain/open-chain.ts'
import { systemClock } from '#node/clock.ts'
import { fromHex } from '#protocol/bytes.ts'
import { asCocoonError, ConfigError } from '#protocol/errors.ts'
import type { Evidence } from '#protocol/evidence.ts'
import { readBounded } from '../bounded-file.ts'
import { EVIDENCE_FILE_BYTES_MAX } from '../constants.ts'
import {
  type CollateralOptions,
  certificatesOf,
  snpCollateralOf,
  tdxCollateralOf,
} from './collateral-file.ts'
import { type AttestTrust, attestTrust, type TrustOptions } from './trust.ts'

export interface AttestVerifyOptions extends TrustOptions, CollateralOptions {
  readonly allowUnbound?: boolean
  readonly json?: boolean
  /** Hexadecimal: what a bundle is compared with. */
  readonly identity?: string
  readonly modelRoot?: string
  readonly nonce?: string
}

/**
 * Never throws for bad evidence, only for files and options that cannot be used.
 * @throws ConfigError
 */
export async function verifyEvidenceFile(
  file: string,
  options: AttestVerifyOptions,
): Promise<Appraisal> {
  const bytes = new Uint8Array(readBounded(file, EVIDENCE_FILE_BYTES_MAX))
  return verifyEvidenceBytes(bytes, attestTrust(options), options)
}

/** @throws ConfigError for options that cannot be used */
export async function verifyEvidenceBytes(
  bytes: Uint8Array,
  trust: AttestTrust,
  options: AttestVerifyOptions,
): Promise<Appraisal> {
  const { context } = trust
  const found = recogniseEvidence(bytes)
  const allowUnbound = options.allowUnbound === true
  switch (found?.form) {
    case undefined:
      return unreadable('unknown', `${bytes.length} bytes of no known form`)
    case 'bundle':
      return verifyBundle(found.bytes, trust, options)
    case 'nvidia-report':
      return appraiseGpuReport(found.bytes, certificatesOf(options), context, { allowUnbound })
    case 'tdx-quote': {
      const collateral = tdxCollateralOf(options)
      return appraiseRaw({ kind: 'tdx', quote: found.bytes, collateral }, context, { allowUnbound })
    }
    case 'snp-report': {
      const collateral = snpCollateralOf(options)
      const evidence = { kind: 'sev-snp', quote: found.bytes, collateral } as const
      return appraiseRaw(evidence, context, { allowUnbound })
    }
  }
}

async function verifyBundle(
  bytes: Uint8Array,
  trust: AttestTrust,
  options: AttestVerifyOptions,
): Promise<Appraisal> {
  let evidence: Evidence
  try {
    evidence = decodeBundle(bytes)
  } catch (error) {
    return unreadable('bundle', asCocoonError(error).message)
  }
  const expected: BundleExpectations = {
    identityKey: key('--identity', options.identity),
    modelRoot: key('--model-root', options.modelRoot),
    clientNonce: key('--nonce', options.nonce),
    block: await notBeforeBlock(evidence, trust),
  }
  const allowUnbound = options.allowUnbound === true
  return appraiseBundle(evidence, trust.context, expected, { allowUnbound })
}

/** `unknown` without a network, and when its chain cannot be reached. */
async function notBeforeBlock(
  evidence: Evidence,
  { network }: AttestTrust,
): Promise<BundleExpectations['block']> {
  if (network === undefined) return 'unknown'
  try {
    const { seqno } = decodeStatement(evidence.statement).core.notBefore
    const chain = openChain(network, systemClock).reader
    const block = await chain.block(seqno)
    return block && { seqno: block.seqno, rootHash: block.rootHash, timeMs: block.time * 1000 }
  } catch {
    return 'unknown'
  }
}

function key(flag: string, text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined
  if (/^[0-9a-f]{64}$/.test(text)) return fromHex(text)
  throw new ConfigError('OPTION_INVALID', `${flag} is not 32 bytes in lowercase hexadecimal`)
}
