/**
 * GPU evidence for a statement: every GPU answers its own nonce, which follows from the statement's core
 * (docs/spec/attestation.md#gpu-evidence). NVIDIA's tool asks all GPUs with one nonce, so that it runs
 * once for each.
 */
import { existsSync } from 'node:fs'
import type { GpuReport } from '#attestation/evidence/nvattest.ts'
import { readPemCertificates } from '#attestation/evidence/pem-certificates.ts'
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import type { GpuSource, QuoteSource } from '#attestation/types.ts'
import { encodeGpuEvidence, gpuNonce } from '#attestation/verify/gpu/evidence.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import { collectGpuReports } from './nvattest.ts'

/** Certificates of NVIDIA's longest chain, and some to spare. */
const CERTIFICATES_MAX = 8

/** Reports of every GPU over one nonce, always in the same order. */
export type AskGpus = (nonce: Uint8Array) => Promise<readonly GpuReport[]>

/**
 * @param core exact bytes of the statement's core
 * @returns exact bytes of a GpuEvidence
 * @throws UnavailableError GPU_EVIDENCE_UNAVAILABLE, also when the number of GPUs changes meanwhile
 */
export async function gpuEvidenceFor(
  core: Uint8Array,
  crypto: CryptoPort,
  ask: AskGpus = collectGpuReports,
): Promise<Uint8Array> {
  const first = await ask(gpuNonce(crypto, 0, core))
  const reports: GpuReport[] = []
  for (let index = 0; index < first.length; index += 1) {
    const all = index === 0 ? first : await ask(gpuNonce(crypto, index, core))
    const own = all[index]
    if (own === undefined || all.length !== first.length) {
      throw new UnavailableError('GPU_EVIDENCE_UNAVAILABLE', 'a GPU vanished while it was asked', {
        remedy: 'Look at the guest’s kernel log, then start the provider again.',
      })
    }
    reports.push(own)
  }
  const devices = reports.map(({ report, certificates }) => ({
    report,
    chain: readPemCertificates(new TextDecoder('latin1').decode(certificates), CERTIFICATES_MAX),
  }))
  return encodeGpuEvidence({ devices, rims: [] })
}

/** Where NVIDIA's driver lists the GPUs that it has. */
const DRIVER_FOLDER = '/proc/driver/nvidia/gpus'

/** The GPUs of this guest; undefined where NVIDIA's driver has none. */
export function machineGpus(
  crypto: CryptoPort,
  exists: (path: string) => boolean = existsSync,
  ask: AskGpus = collectGpuReports,
): GpuSource | undefined {
  if (!exists(DRIVER_FOLDER)) return undefined
  return { evidence: (core) => gpuEvidenceFor(core, crypto, ask) }
}

export interface GpuChoice {
  readonly policy: AttestationPolicy
  /** What makes the machine's quotes: simulated GPUs belong to simulated machines, real ones to real ones. */
  readonly tee: QuoteSource['tee']
  /** Undefined: this simulated machine has none. */
  readonly simulated: GpuSource | undefined
}

/**
 * The GPUs that this machine's evidence names; undefined: none, and none is required.
 * @throws ConfigError GPU_MISSING when every client would refuse evidence without one
 */
export function chooseGpus(
  crypto: CryptoPort,
  { policy, tee, simulated }: GpuChoice,
  real: () => GpuSource | undefined = () => machineGpus(crypto),
): GpuSource | undefined {
  const isSimulated = tee.startsWith('simulated')
  const gpus = isSimulated ? simulated : real()
  if (gpus !== undefined || policy.gpu.need !== 'required') return gpus
  const looked = isSimulated ? 'this simulated machine has none' : `no GPU in ${DRIVER_FOLDER}`
  throw new ConfigError('GPU_MISSING', `the policy requires GPU evidence: ${looked}`, {
    remedy: isSimulated
      ? 'Give the testnet GPUs: `cocoon testnet --gpus 1`.'
      : "Pass a GPU through to this guest, install NVIDIA's driver and nvattest, run `cocoon doctor`.",
  })
}
