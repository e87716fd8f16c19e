/**
 * NVIDIA's reference integrity manifests (RIM, TCG Reference Integrity Manifest Information Model): which value
 * every measurement of a driver or VBIOS release has. The policy lists a file by its SHA-256, so its XML signature
 * need not be checked here: whoever wrote the policy did.
 */
import { GPU_MEASUREMENTS_MAX, GPU_RIM_BYTES_MAX } from '#attestation/constants.ts'
import { fromUtf8, toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { refuse } from '../refuse.ts'
import type { SpdmMeasurements } from './spdm.ts'

/** Values that are good, in hexadecimal, by the index that the manifest counts from 0. */
type Golden = ReadonlyMap<number, readonly string[]>

const RESOURCE = /<(?:[A-Za-z0-9]+:)?Resource\s([^<>]*)>/g
const ATTRIBUTE = /([A-Za-z0-9:]+)="([^"<>]*)"/g
const HASH_NAME = /(^|:)Hash\d{1,2}$/

/** Block that is not filled while NVDEC0 is off. */
const NVDEC_INDEX = 35

function readResource(text: string): { index: number; values: string[] } | undefined {
  const attributes = new Map(
    [...text.matchAll(ATTRIBUTE)].map((one) => [one[1] ?? '', one[2] ?? '']),
  )
  if (attributes.get('type') !== 'Measurement' || attributes.get('active') !== 'True')
    return undefined
  const index = Number(attributes.get('index'))
  if (!Number.isInteger(index) || index < 0 || index >= GPU_MEASUREMENTS_MAX) {
    return refuse('a manifest with a measurement out of range')
  }
  const hashes = [...attributes].filter(([name]) => HASH_NAME.test(name))
  if (hashes.length === 0) refuse(`a manifest without a value for measurement ${index}`)
  return { index, values: hashes.map(([, value]) => value.toLowerCase()) }
}

/** @throws AttestationError CHECK_FAILED */
function readRim(file: Uint8Array): Golden {
  if (file.length > GPU_RIM_BYTES_MAX) refuse(`a manifest of ${file.length} bytes`)
  const golden = new Map<number, readonly string[]>()
  for (const [, text = ''] of fromUtf8(file).matchAll(RESOURCE)) {
    const resource = readResource(text)
    if (resource === undefined) continue
    if (golden.has(resource.index)) refuse(`a manifest with measurement ${resource.index} twice`)
    golden.set(resource.index, resource.values)
  }
  if (golden.size === 0) refuse('a manifest without active measurements')
  return golden
}

/**
 * Every file must be one that the policy lists, and every active value of every file must be the device's.
 * @returns how many measurements were compared
 * @throws AttestationError CHECK_FAILED
 */
export function expectGolden(
  crypto: CryptoPort,
  report: SpdmMeasurements,
  files: readonly Uint8Array[],
  listed: readonly string[],
  isNvdecDisabled: boolean,
): number {
  const seen = new Set<number>()
  for (const file of files) {
    const digest = toHex(crypto.sha256(file))
    if (!listed.includes(digest))
      refuse('a manifest that the policy does not list', { found: digest })
    for (const [index, values] of readRim(file)) {
      if (seen.has(index)) refuse(`measurement ${index} in two manifests`)
      seen.add(index)
      if (index === NVDEC_INDEX && isNvdecDisabled) continue
      const found = toHex(report.blocks.get(index + 1) ?? new Uint8Array(0))
      if (!values.includes(found)) refuse(`measurement ${index} is not in its manifest`, { found })
    }
  }
  if (files.length < 2) refuse('the manifests of driver and VBIOS are asked for')
  return seen.size
}
