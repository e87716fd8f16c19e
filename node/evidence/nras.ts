/**
 * Asks NVIDIA's Remote Attestation Service about the GPU evidence of a provider (POST /v4/attest/gpu), for a client
 * whose policy wants its opinion. The service learns which GPU is asked about and this client's address, nothing of a
 * prompt. What it says is bounded, checked as any other answer of a stranger, and kept by nonce.
 */
import type { JSONWebKeySet } from 'jose'
import { z } from 'zod'
import { parseDeviceCertificate } from '#attestation/der/device-certificate.ts'
import { encodePemChain } from '#attestation/der/pem.ts'
import { decodeGpuEvidence, type GpuDeviceEvidence } from '#attestation/verify/gpu/evidence.ts'
import type { GpuOpinion } from '#attestation/verify/gpu/second-opinion.ts'
import { parseSpdmMeasurements } from '#attestation/verify/gpu/spdm.ts'
import { get, postJson } from '#node/collateral/http.ts'
import { fromUtf8, toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { asCocoonError, UnavailableError } from '#protocol/errors.ts'
import {
  NRAS_ANSWER_BYTES_MAX,
  NRAS_KEYS_LIFE_MS,
  NRAS_OPINION_LIFE_MS,
  NRAS_OPINIONS_MAX,
  NRAS_RETRY_MS,
  NRAS_TIMEOUT_MS,
} from './constants.ts'
import { NRAS_ISSUER, verifyNrasAnswer } from './nras-token.ts'

export interface NrasOptions {
  readonly crypto: CryptoPort
  /** Without a slash at the end; NVIDIA's own when left out. The issuer in its tokens is NVIDIA's wherever it is. */
  readonly baseUrl?: string | undefined
  readonly timeoutMs?: number
}

const keySetSchema = z.object({
  keys: z.array(z.looseObject({ kty: z.literal('EC'), crv: z.literal('P-384') })).max(16),
})

interface Kept {
  readonly opinion: GpuOpinion
  readonly untilMs: number
}

export class Nras {
  readonly #crypto: CryptoPort
  readonly #baseUrl: string
  readonly #limits: { readonly timeoutMs: number; readonly bytesMax: number }
  /** By nonce, oldest first. */
  readonly #opinions = new Map<string, Kept>()
  #keys: { readonly set: JSONWebKeySet; readonly untilMs: number } | undefined

  constructor({ crypto, baseUrl = NRAS_ISSUER, timeoutMs = NRAS_TIMEOUT_MS }: NrasOptions) {
    this.#crypto = crypto
    this.#baseUrl = baseUrl
    this.#limits = { timeoutMs, bytesMax: NRAS_ANSWER_BYTES_MAX }
  }

  /**
   * One opinion for each GPU, in their order; never rejects.
   * @param gpuEvidence exact bytes of a GpuEvidence
   * @param nowMs the caller's own time
   */
  async about(gpuEvidence: Uint8Array, nowMs: number): Promise<readonly GpuOpinion[]> {
    let devices: readonly GpuDeviceEvidence[]
    try {
      devices = decodeGpuEvidence(gpuEvidence).devices
    } catch {
      return []
    }
    return Promise.all(devices.map((device) => this.#aboutDevice(device, nowMs)))
  }

  async #aboutDevice(device: GpuDeviceEvidence, nowMs: number): Promise<GpuOpinion> {
    const nonce = nonceOf(device)
    if (nonce === undefined) {
      return { nonce: new Uint8Array(32), outcome: 'unknown', detail: 'the report has no nonce' }
    }
    const key = toHex(this.#crypto.sha256(device.report))
    const kept = this.#opinions.get(key)
    if (kept !== undefined && nowMs < kept.untilMs) return kept.opinion
    const opinion = await this.#ask(device, nonce, nowMs)
    const lifeMs = opinion.outcome === 'unknown' ? NRAS_RETRY_MS : NRAS_OPINION_LIFE_MS
    this.#keep(key, { opinion, untilMs: nowMs + lifeMs })
    return opinion
  }

  #keep(key: string, kept: Kept): void {
    this.#opinions.delete(key)
    this.#opinions.set(key, kept)
    const [oldest] = this.#opinions.keys()
    if (this.#opinions.size > NRAS_OPINIONS_MAX && oldest !== undefined) {
      this.#opinions.delete(oldest)
    }
  }

  async #ask(device: GpuDeviceEvidence, nonce: Uint8Array, nowMs: number): Promise<GpuOpinion> {
    try {
      const [keys, answer] = await Promise.all([this.#keySet(nowMs), this.#post(device, nonce)])
      const [found] = await verifyNrasAnswer(answer, { crypto: this.#crypto, nowMs, keys, nonce })
      return { nonce, outcome: 'good', detail: `${found?.hardwareModel}, driver ${found?.driver}` }
    } catch (thrown) {
      const error = asCocoonError(thrown)
      const outcome = error.code === 'NRAS_REFUSED' ? 'refused' : 'unknown'
      // Keys may have been replaced: the next answer is checked against fresh ones.
      this.#keys = undefined
      return { nonce, outcome, detail: error.message }
    }
  }

  async #post({ report, chain }: GpuDeviceEvidence, nonce: Uint8Array): Promise<unknown> {
    const evidence = Buffer.from(report).toString('base64')
    const pem = encodePemChain(chain)
    // The service takes PEM as text files are: without the NUL that quotes end in.
    const certificate = Buffer.from(pem.subarray(0, -1)).toString('base64')
    const arch = architectureOf(chain)
    const document = { nonce: toHex(nonce), arch, evidence_list: [{ evidence, certificate }] }
    return jsonOf(await postJson(`${this.#baseUrl}/v4/attest/gpu`, document, this.#limits))
  }

  async #keySet(nowMs: number): Promise<JSONWebKeySet> {
    if (this.#keys !== undefined && nowMs < this.#keys.untilMs) return this.#keys.set
    const answer = await get(`${this.#baseUrl}/.well-known/jwks.json`, this.#limits)
    const parsed = keySetSchema.safeParse(jsonOf(answer))
    if (!parsed.success) {
      throw new UnavailableError('NRAS_UNAVAILABLE', 'its key set is of another form')
    }
    const set = parsed.data as JSONWebKeySet
    this.#keys = { set, untilMs: nowMs + NRAS_KEYS_LIFE_MS }
    return set
  }
}

function nonceOf({ report }: GpuDeviceEvidence): Uint8Array | undefined {
  try {
    return parseSpdmMeasurements(report).nonce
  } catch {
    return undefined
  }
}

function architectureOf([leaf]: readonly Uint8Array[]): string {
  const name = leaf === undefined ? '' : parseDeviceCertificate(leaf).subject.commonName
  return name.startsWith('GB') ? 'BLACKWELL' : 'HOPPER'
}

/** Undefined for what is no JSON, which no schema takes. */
function jsonOf({ body }: { readonly body: Uint8Array }): unknown {
  try {
    return JSON.parse(fromUtf8(body))
  } catch {
    return undefined
  }
}
