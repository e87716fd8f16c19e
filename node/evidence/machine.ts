/** The quote source of this machine with its collateral: caches, services and peers put together. */
import type {
  CollateralContext,
  TdxCollateralNeed,
} from '#attestation/evidence/collateral-facts.ts'
import { tdxCollateralNeed } from '#attestation/evidence/collateral-facts.ts'
import type { TsmReport } from '#attestation/evidence/configfs/attempt.ts'
import type { SimulatedManufacturer } from '#attestation/evidence/simulated/manufacturer.ts'
import type { SimulatedAmd } from '#attestation/evidence/simulated/snp-manufacturer.ts'
import { snpCollateralNeed } from '#attestation/evidence/snp-collateral-facts.ts'
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import type { QuoteSource, TrustAnchor } from '#attestation/types.ts'
import { sleep } from '#node/async.ts'
import type { CollateralCache } from '#node/collateral/cache.ts'
import { kdsSource } from '#node/collateral/kds.ts'
import { pccs, pcsSource } from '#node/collateral/pcs.ts'
import { peerSource, serveCollateral } from '#node/collateral/peers.ts'
import { snpCollateral } from '#node/collateral/snp-collateral.ts'
import { tdxCollateral, tdxCollateralKey } from '#node/collateral/tdx-collateral.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import type { Transport } from '#protocol/transport.ts'
import { chooseTee, type TeeChoice } from './choose.ts'
import { configfsTree } from './configfs-tree.ts'
import { guestRuntimeEvents } from './runtime-events.ts'
import { dstackSource, snpSource, tdxSource } from './sources.ts'

export interface MachineOptions {
  readonly tee: TeeChoice
  /** Base URL of a PCCS that is asked before Intel's own service. */
  readonly pccsUrl?: string | undefined
  readonly name: string
  readonly runtimeDigest: Uint8Array
  readonly dataDir: string
  readonly globalId: number
  readonly trust: {
    readonly anchors: readonly TrustAnchor[]
    readonly policy: AttestationPolicy
    readonly manufacturer: SimulatedManufacturer | undefined
    readonly amd?: SimulatedAmd | undefined
  }
}

export interface MachineComponents {
  readonly crypto: CryptoPort
  readonly clock: Clock
  /** Peers that collateral is taken from and offered to; undefined: none. */
  readonly transport?: Transport
}

/** @throws ConfigError TEE_MISSING */
export async function openMachine(
  options: MachineOptions,
  components: MachineComponents,
): Promise<QuoteSource> {
  const { tee, trust, name, runtimeDigest } = options
  const { crypto } = components
  const tsm = { tree: configfsTree(), crypto, sleep }
  const tdx = tdxPart(options, components)
  const snp = snpPart(options, components)
  const { transport } = components
  if (transport !== undefined) {
    await serveCollateral({ transport, crypto }, (key) => tdx.cache.offered(key))
  }
  const { manufacturer, amd } = trust
  const collateralFor = ({ report }: TsmReport) => tdx.cache.get(tdxCollateralNeed(report))
  return chooseTee(tee, {
    tdx: () => tdxSource(tsm, collateralFor, guestRuntimeEvents),
    dstack: (socket) => dstackSource(crypto, socket, collateralFor),
    snp: () => snpSource(tsm, snp),
    simulated:
      manufacturer === undefined
        ? undefined
        : () => keeping(manufacturer.machine(name, runtimeDigest), tdx.cache),
    simulatedSnp: amd === undefined ? undefined : () => amd.machine(name, runtimeDigest),
  })
}

/** A machine that brings its own collateral: kept and offered to peers as any other is. */
function keeping(
  source: QuoteSource,
  cache: Pick<CollateralCache<TdxCollateralNeed>, 'accept'>,
): QuoteSource {
  return {
    ...source,
    async quote(reportData) {
      const quoted = await source.quote(reportData)
      try {
        cache.accept(tdxCollateralNeed(quoted.quote), quoted.collateral)
      } catch {
        // By this machine's own clock it is not good: then it is not passed on, and clients will say why.
      }
      return quoted
    },
  }
}

function tdxPart(options: MachineOptions, components: MachineComponents) {
  const { trust, dataDir, pccsUrl } = options
  const { crypto, clock, transport } = components
  const context: Pick<CollateralContext, 'crypto' | 'anchors'> = { crypto, anchors: trust.anchors }
  const peers = transport === undefined ? [] : [peerSource({ transport, crypto }, tdxCollateralKey)]
  const local = pccsUrl === undefined ? [] : [pcsSource(pccs(pccsUrl))]
  const sources = [...local, pcsSource(), ...peers]
  return { cache: tdxCollateral({ ...context, clock, dataDir, sources }) }
}

/** VCEKs are of one chip: nobody else's peer could use them, so they are not offered. */
function snpPart(options: MachineOptions, { crypto, clock }: MachineComponents) {
  const { trust, dataDir, globalId } = options
  const { anchors, policy } = trust
  const cache = snpCollateral({
    context: { crypto, anchors, policy, globalId },
    clock,
    dataDir,
    sources: [kdsSource()],
  })
  return ({ report, auxiliary }: TsmReport) => cache.get(snpCollateralNeed(report, auxiliary))
}
