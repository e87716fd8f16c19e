/** What a network's peers trust: anchors and policy, from the network file and this program alone. */
import { amdAnchor } from '#attestation/anchors/amd.ts'
import { intelAnchor } from '#attestation/anchors/intel.ts'
import { nvidiaAnchor } from '#attestation/anchors/nvidia.ts'
import { MAINNET_GLOBAL_ID } from '#attestation/anchors/select.ts'
import {
  type SimulatedNvidia,
  simulatedNvidia,
} from '#attestation/evidence/simulated/gpu-manufacturer.ts'
import {
  type SimulatedManufacturer,
  simulatedManufacturer,
} from '#attestation/evidence/simulated/manufacturer.ts'
import { simulatedMeasurement } from '#attestation/evidence/simulated/measurements.ts'
import { simulatedSnpMeasurement } from '#attestation/evidence/simulated/measurements-snp.ts'
import {
  type SimulatedAmd,
  simulatedAmd,
} from '#attestation/evidence/simulated/snp-manufacturer.ts'
import { defaultPolicy, simulatedNetworkPolicy } from '#attestation/policy/builtin.ts'
import { mergePolicies } from '#attestation/policy/merge.ts'
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { SNP_PRODUCTS } from '#attestation/policy/snp-section.ts'
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
  readonly amd: SimulatedAmd | undefined
  readonly nvidia: SimulatedNvidia | undefined
}

/** Every manufacturer's root that this program knows; which of them count is the policy's to say. */
export function productionAnchors(crypto: CryptoPort): TrustAnchor[] {
  const amd = SNP_PRODUCTS.map((product) => amdAnchor(crypto, product))
  return [intelAnchor(crypto), ...amd, nvidiaAnchor(crypto)]
}

/** The network's policy, tightened by the reader's own where there is one. */
function policyOf(
  crypto: CryptoPort,
  network: AttestationPolicy,
  own: AttestationPolicy | undefined,
): AttestationPolicy {
  return own === undefined ? network : mergePolicies(crypto, network, own)
}

/**
 * Simulated machines are trusted only where the network file names their manufacturer, and nowhere on
 * mainnet: the verifier refuses their roots there too, whatever anchors and policy it is given.
 * @param own the reader's own policy: it can only tighten the network's
 * @throws ConfigError SIMULATED_ON_MAINNET, POLICY_INVALID
 */
export function networkTrust(
  network: NetworkFile,
  crypto: CryptoPort,
  nowMs: number,
  own?: AttestationPolicy,
): NetworkTrust {
  if (network.simulatedManufacturerSeed === undefined) {
    const none = { manufacturer: undefined, amd: undefined, nvidia: undefined }
    const policy = policyOf(crypto, defaultPolicy(), own)
    return { anchors: productionAnchors(crypto), policy, ...none }
  }
  if (network.globalId === MAINNET_GLOBAL_ID) {
    throw new ConfigError('SIMULATED_ON_MAINNET', 'a mainnet file names a simulated manufacturer', {
      remedy: 'Do not use this network file: whoever wrote it can forge evidence at will.',
    })
  }
  const seed = fromHex(network.simulatedManufacturerSeed)
  const manufacturer = simulatedManufacturer({ seed, nowMs, crypto })
  const amd = simulatedAmd({ seed, nowMs, crypto })
  const nvidia = simulatedNvidia({ seed, crypto })
  const { simulatedRuntimes = [] } = network
  const runtimes = [onnxRuntimeDigest(crypto), ...simulatedRuntimes.map(fromHex)]
  const measurements = {
    tdx: runtimes.map((digest) => simulatedMeasurement(crypto, digest)),
    snp: runtimes.map((digest) => simulatedSnpMeasurement(crypto, digest)),
  }
  const anchors = [manufacturer.anchor, amd.anchor, nvidia.anchor]
  const policy = policyOf(crypto, simulatedNetworkPolicy({ anchors, measurements }), own)
  return { anchors, policy, manufacturer, amd, nvidia }
}
