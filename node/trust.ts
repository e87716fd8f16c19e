/** What a network's peers trust: anchors and policy, from the network file and this program alone. */
import { intelAnchor } from '#attestation/anchors/intel.ts'
import { MAINNET_GLOBAL_ID } from '#attestation/anchors/select.ts'
import {
  type SimulatedManufacturer,
  simulatedManufacturer,
} from '#attestation/evidence/simulated/manufacturer.ts'
import { simulatedMeasurement } from '#attestation/evidence/simulated/measurements.ts'
import { defaultPolicy, simulatedNetworkPolicy } from '#attestation/policy/builtin.ts'
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import type { TrustAnchor } from '#attestation/types.ts'
import { onnxRuntimeDigest } from '#inference/onnx/runtime.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import { fromHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'

export interface NetworkTrust {
  readonly anchors: readonly TrustAnchor[]
  readonly policy: AttestationPolicy
  /** Only on networks whose machines are simulated. */
  readonly manufacturer: SimulatedManufacturer | undefined
}

/**
 * Simulated machines are trusted only where the network file names their manufacturer, and nowhere on
 * mainnet: the verifier refuses their roots there too, whatever anchors and policy it is given.
 * @throws ConfigError SIMULATED_ON_MAINNET
 */
export function networkTrust(
  network: NetworkFile,
  crypto: CryptoPort,
  nowMs: number,
): NetworkTrust {
  if (network.simulatedManufacturerSeed === undefined) {
    return { anchors: [intelAnchor(crypto)], policy: defaultPolicy(), manufacturer: undefined }
  }
  if (network.globalId === MAINNET_GLOBAL_ID) {
    throw new ConfigError('SIMULATED_ON_MAINNET', 'a mainnet file names a simulated manufacturer', {
      remedy: 'Do not use this network file: whoever wrote it can forge evidence at will.',
    })
  }
  const seed = fromHex(network.simulatedManufacturerSeed)
  const manufacturer = simulatedManufacturer({ seed, nowMs, crypto })
  const { anchor } = manufacturer
  const measurements = { tdx: [simulatedMeasurement(crypto, onnxRuntimeDigest(crypto))] }
  return {
    anchors: [anchor],
    policy: simulatedNetworkPolicy({ anchors: [anchor], measurements }),
    manufacturer,
  }
}
