/** `cocoon attest quote`: evidence of this machine over a statement with keys that nobody will use. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { encodeBundle } from '#attestation/evidence/bundle-file.ts'
import { policyDigest } from '#attestation/policy/policy.ts'
import { onnxRuntimeDigest } from '#inference/onnx/runtime.ts'
import { openChain } from '#node/chain/open-chain.ts'
import { systemClock as clock, systemClock } from '#node/clock.ts'
import type { TeeChoice } from '#node/evidence/choose.ts'
import { machineGpus } from '#node/evidence/gpu-evidence.ts'
import { openMachine } from '#node/evidence/machine.ts'
import { Enclave } from '#node/roles/provider/enclave.ts'
import { readNetworkFile } from '#node/testnet/network-file.ts'
import { pairs } from '#node/text.ts'
import { networkTrust } from '#node/trust.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { ConfigError } from '#protocol/errors.ts'
import { DEFAULT_SEAL_SUITE } from '#protocol/session/seal.ts'
import type { CliContext } from '../context.ts'
import { networkFile } from '../target.ts'

export interface AttestQuoteOptions {
  readonly out?: string
  readonly network?: string
  readonly data?: string
  readonly tee: TeeChoice
  readonly pccs?: string
  readonly json?: boolean
}

/** Nobody is paid for this evidence. */
const NO_ADDRESS = `0:${'00'.repeat(32)}`

/**
 * The keys in the statement are made for it and forgotten: the bundle shows that the machine can
 * attest, and can be used for nothing else.
 * @throws ConfigError TEE_MISSING, NETWORK_FILE, OUTPUT_UNWRITABLE
 * @throws UnavailableError QUOTE_UNAVAILABLE, COLLATERAL_UNAVAILABLE, CHAIN_UNREACHABLE, NO_TESTNET
 */
export async function makeQuote(options: AttestQuoteOptions, context: CliContext): Promise<void> {
  const { output, settings } = context
  const network = readNetworkFile(networkFile(options, settings))
  const { globalId } = network
  const chain = openChain(network, systemClock).reader
  const trust = networkTrust(network, crypto, (await chain.latestBlock()).time * 1000)
  const runtimeDigest = onnxRuntimeDigest(crypto)
  const quotes = await openMachine(
    {
      tee: options.tee,
      pccsUrl: options.pccs,
      name: 'attest-quote',
      runtimeDigest,
      dataDir: settings.dataRoot,
      globalId,
      trust,
    },
    { crypto, clock },
  )
  // A simulated machine's GPUs belong to its testnet: a bundle of its own shows none.
  const gpus = quotes.tee.startsWith('simulated') ? undefined : machineGpus(crypto)
  const freshKey = () => crypto.ed25519FromSeed(crypto.randomBytes(32)).publicKey
  const identityKey = freshKey()
  const modelRoot = fromHex(network.models[0]!.root)
  const enclave = new Enclave(
    {
      globalId,
      identityKey,
      settlementKey: freshKey(),
      payoutAddress: NO_ADDRESS,
      policyDigest: policyDigest(crypto, trust.policy),
      modelRoot,
      runtimeDigest,
    },
    { crypto, clock, chain, quotes, gpus, suite: DEFAULT_SEAL_SUITE },
  )
  const { evidence, notAfterMs } = await enclave.epoch()
  const bundle = encodeBundle(evidence)
  const file = options.out === undefined ? undefined : path.resolve(options.out)
  if (file !== undefined) save(file, bundle)
  const facts = {
    tee: quotes.tee,
    bundleBytes: bundle.length,
    quoteBytes: evidence.quote.length,
    collateralBytes: evidence.collateral.length,
    gpuEvidenceBytes: evidence.gpuEvidence.length,
    eventLogBytes: evidence.eventLog?.length ?? 0,
    identity: toHex(identityKey),
    modelRoot: toHex(modelRoot),
    statementDigest: toHex(crypto.sha256(evidence.statement)),
    notAfter: new Date(notAfterMs).toISOString(),
  }
  if (options.json === true) {
    output.json({ ...facts, file: file ?? null, bundle: Buffer.from(bundle).toString('base64') })
    return
  }
  output.result(pairs(Object.entries(facts).map(([name, value]) => [name, `${value}`])))
  if (file === undefined) output.result(`\n${Buffer.from(bundle).toString('base64')}`)
  else output.talk(`saved ${file}; check it with: cocoon attest verify ${file} --network FILE`)
}

function save(file: string, bundle: Uint8Array): void {
  try {
    writeFileSync(file, bundle, { mode: 0o644 })
  } catch (cause) {
    throw new ConfigError('OUTPUT_UNWRITABLE', `cannot write ${file}`, {
      cause,
      remedy: 'Name a file in a folder that you may write to.',
    })
  }
}
