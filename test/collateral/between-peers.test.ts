/** Collateral between peers over real libp2p: a provider's machine, a client that saw its evidence, and whoever asks. */
import { expect, it, onTestFinished } from 'vitest'
import { tdxCollateralNeed } from '#attestation/evidence/collateral-facts.ts'
import { sign } from '#attestation/evidence/simulated/keys.ts'
import { simulatedManufacturer } from '#attestation/evidence/simulated/manufacturer.ts'
import { encodeStatement, reportData } from '#attestation/statement.ts'
import { decodeCollateral, encodeCollateral } from '#attestation/verify/collateral.ts'
import { peerSource, serveCollateral } from '#node/collateral/peers.ts'
import { seenCollateral } from '#node/collateral/seen.ts'
import { tdxCollateral, tdxCollateralKey } from '#node/collateral/tdx-collateral.ts'
import { openMachine } from '#node/evidence/machine.ts'
import { fromUtf8, utf8 } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { rejectionCode } from '#test/support/error-code.ts'
import { eventually } from '#test/support/eventually.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { createTestHost } from '#test/support/test-peers.ts'
import {
  core,
  makeEvidence,
  manufacturer,
  nowMs,
  policy,
  runtimeDigest,
  seed,
  zeros,
} from '../attestation/network.ts'

const GLOBAL_ID = -3
const anchors = [manufacturer.anchor]
const clock = { nowMs: () => nowMs }
const own = () => ({ crypto, clock, anchors, dataDir: temporaryFolder() })

/** The second knows the first's address and no more. */
async function twoHosts() {
  const first = await createTestHost({ number: 1, globalId: GLOBAL_ID, bootstrap: [] })
  const second = await createTestHost({
    number: 2,
    globalId: GLOBAL_ID,
    bootstrap: first.addresses(),
    mode: 'light',
    listens: false,
  })
  onTestFinished(async () => {
    await second.stop()
    await first.stop()
  })
  await eventually(() => second.peers().length > 0 && first.peers().length > 0)
  return [first, second] as const
}

it("a provider's machine hands its collateral to a client that has no service to ask", async () => {
  const [provider, client] = await twoHosts()
  const machine = await openMachine(
    {
      tee: 'simulated',
      name: 'provider 1',
      runtimeDigest,
      dataDir: temporaryFolder(),
      globalId: GLOBAL_ID,
      trust: { anchors, policy, manufacturer },
    },
    { crypto, clock, transport: provider },
  )
  const statement = encodeStatement({ core, gpuEvidenceHash: zeros(32), challenge: zeros(32) })
  const need = tdxCollateralNeed(makeEvidence().quote)
  const sources = [peerSource({ transport: client, crypto }, tdxCollateralKey)]
  const empty = tdxCollateral({ ...own(), sources })
  expect(await rejectionCode(empty.get(need))).toBe('COLLATERAL_UNAVAILABLE')
  await machine.quote(reportData(crypto, 'epoch', statement))
  expect(await tdxCollateral({ ...own(), sources }).get(need)).toEqual(manufacturer.collateral)
})

it('a client that only dials hands on what came with evidence that passed', async () => {
  const [provider, client] = await twoHosts()
  const seen = seenCollateral(own())
  await serveCollateral({ transport: client, crypto }, seen.offered)
  const need = tdxCollateralNeed(makeEvidence().quote)
  const sources = [peerSource({ transport: provider, crypto }, tdxCollateralKey)]
  expect(await rejectionCode(tdxCollateral({ ...own(), sources }).get(need))).toBe(
    'COLLATERAL_UNAVAILABLE',
  )
  seen.passed(makeEvidence())
  expect(await tdxCollateral({ ...own(), sources }).get(need)).toEqual(manufacturer.collateral)
})

/** The same collateral after a TCB recovery: one evaluation later, signed anew. */
function recovered(): Uint8Array {
  const parts = decodeCollateral(manufacturer.collateral)
  const { key } = manufacturer.authorities.tcbSigner
  const later = (json: Uint8Array) =>
    utf8(fromUtf8(json).replace('"tcbEvaluationDataNumber":18', '"tcbEvaluationDataNumber":19'))
  const [tcbInfo, qeIdentity] = [later(parts.tcbInfo), later(parts.qeIdentity)]
  return encodeCollateral({
    ...{ ...parts, tcbInfo, qeIdentity },
    tcbInfoSignature: sign(key, tcbInfo),
    qeIdentitySignature: sign(key, qeIdentity),
  })
}

it('evidence that comes with older collateral is judged by the newer one that was seen', () => {
  const evidence = makeEvidence()
  const seen = seenCollateral(own())
  expect(seen.renewed(evidence)).toBe(evidence)
  const newer = { ...evidence, collateral: recovered() }
  expect(seen.renewed(newer)).toBe(newer)
  seen.passed(newer)
  expect(seen.renewed(evidence).collateral).toEqual(newer.collateral)
  expect(seen.renewed({ ...evidence, collateral: new Uint8Array(0) }).collateral).toEqual(
    newer.collateral,
  )
  seen.passed(evidence)
  expect(seen.renewed(evidence).collateral).toEqual(newer.collateral)
})

it('collateral of a stranger, or evidence of another kind, changes nothing', () => {
  const evidence = makeEvidence()
  const seen = seenCollateral(own())
  const foreign = simulatedManufacturer({ seed: seed.map((byte) => byte ^ 1), nowMs, crypto })
  seen.passed({ ...evidence, collateral: foreign.collateral })
  expect(seen.offered(tdxCollateralKey(tdxCollateralNeed(evidence.quote)))).toBeUndefined()
  const other = { ...evidence, kind: 'sev-snp' as const }
  expect(seen.renewed(other)).toBe(other)
  const broken = { ...evidence, quote: new Uint8Array(10) }
  expect(seen.renewed(broken)).toBe(broken)
})
