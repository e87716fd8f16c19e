/** Collateral from PCS, PCCS and peers: exact requests, and services that stall, cut, lie and redirect. */
import { describe, expect, it } from 'vitest'
import {
  type TdxCollateralNeed,
  tdxCollateralFacts,
  tdxCollateralNeed,
} from '#attestation/evidence/collateral-facts.ts'
import { simulatedManufacturer } from '#attestation/evidence/simulated/manufacturer.ts'
import { decodeCollateral, encodeCollateral } from '#attestation/verify/collateral.ts'
import { get } from '#node/collateral/http.ts'
import { INTEL_PCS, pccs, pcsSource } from '#node/collateral/pcs.ts'
import { decodeOffers, decodeRequest, encodeRequest } from '#node/collateral/peer-messages.ts'
import { COLLATERAL_PROTOCOL, peerSource, serveCollateral } from '#node/collateral/peers.ts'
import { tdxCollateral, tdxCollateralKey } from '#node/collateral/tdx-collateral.ts'
import { fromHex, utf8 } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { answerPcs, localService, pcsAt } from '#test/support/collateral-service.ts'
import { errorCode, rejectionCode } from '#test/support/error-code.ts'
import { createMemoryNetwork } from '#test/support/memory-transport.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { testPeerRef } from '#test/support/test-peers.ts'
import { bytes, makeEvidence, manufacturer, nowMs } from '../attestation/network.ts'

const { quote } = makeEvidence()
const need = tdxCollateralNeed(quote)
const anchors = [manufacturer.anchor]
const context = { crypto, nowMs, anchors }
const clock = { nowMs: () => nowMs }
const quick = { timeoutMs: 500 }

const fetchFrom = (url: string) => pcsSource(pcsAt(url), quick).fetch(need, () => undefined)

describe('what a TDX quote needs', () => {
  it('is its platform and the authority that certified it', () => {
    expect(need).toMatchObject({ kind: 'tdx', fmspc: 'ffc06f000000', authority: 'platform' })
    expect(tdxCollateralKey(need)).toBe('tdx-ffc06f000000-platform')
  })
})

describe('Intel PCS and PCCS', () => {
  it('are asked by the exact addresses of API version 4', async () => {
    const service = await localService(answerPcs(manufacturer.collateral))
    expect(await fetchFrom(service.url)).toEqual(manufacturer.collateral)
    expect([...service.asked].sort()).toEqual([
      '/sgx/certification/v4/pckcrl?ca=platform&encoding=der',
      '/sgx/certification/v4/rootcacrl',
      '/tdx/certification/v4/qe/identity',
      '/tdx/certification/v4/tcb?fmspc=FFC06F000000',
    ])
    expect(INTEL_PCS.baseUrl).toBe('https://api.trustedservices.intel.com')
    expect(pccs('https://localhost:8081').rootCrlUrl).toBe(
      'https://localhost:8081/sgx/certification/v4/rootcacrl',
    )
  })

  it('may send revocation lists as hexadecimal', async () => {
    const service = await localService(answerPcs(manufacturer.collateral, { hexLists: true }))
    expect(await fetchFrom(service.url)).toEqual(manufacturer.collateral)
  })

  it.each<readonly [string, string, Parameters<typeof answerPcs>[1]]>([
    ['stalls', 'COLLATERAL_UNAVAILABLE', { spoil: (path) => path.endsWith('/tcb') }],
    [
      'cuts its answer',
      'COLLATERAL_UNAVAILABLE',
      {
        spoil: (path, response) => {
          if (!path.endsWith('/tcb')) return false
          response.writeHead(200, { 'content-length': '1000' })
          response.write('{"tcbInfo":')
          response.destroy()
          return true
        },
      },
    ],
    [
      'never stops',
      'COLLATERAL_UNAVAILABLE',
      {
        spoil: (path, response) => {
          if (!path.endsWith('/tcb')) return false
          response.end('x'.repeat(300_000))
          return true
        },
      },
    ],
    [
      'redirects',
      'COLLATERAL_UNAVAILABLE',
      {
        spoil: (path, response) => {
          if (!path.endsWith('/tcb')) return false
          response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
          return true
        },
      },
    ],
    [
      'knows no such platform',
      'COLLATERAL_UNAVAILABLE',
      {
        spoil: (path, response) =>
          path.endsWith('/tcb') && void response.writeHead(404).end() === undefined,
      },
    ],
    [
      'leaves the issuer chain out',
      'PCS_COLLATERAL_MALFORMED',
      {
        spoil: (path, response) => {
          if (!path.endsWith('/tcb')) return false
          response.end(`{"tcbInfo":{},"signature":"${'00'.repeat(64)}"}`)
          return true
        },
      },
    ],
    [
      'sends a page of HTML',
      'PCS_COLLATERAL_MALFORMED',
      {
        spoil: (path, response) => {
          if (!path.endsWith('/identity')) return false
          response.end('<html>maintenance</html>')
          return true
        },
      },
    ],
  ])('that %s fails with a code, and the next source is asked', async (_name, code, options) => {
    const bad = await localService(answerPcs(manufacturer.collateral, options))
    expect(await rejectionCode(fetchFrom(bad.url))).toBe(code)
    const good = await localService(answerPcs(manufacturer.collateral))
    const cache = tdxCollateral({
      crypto,
      clock,
      anchors,
      dataDir: temporaryFolder(),
      sources: [pcsSource(pcsAt(bad.url), quick), pcsSource(pcsAt(good.url), quick)],
    })
    expect(await cache.get(need)).toEqual(manufacturer.collateral)
  })

  it('that nobody runs fails with a code', async () => {
    expect(await rejectionCode(get('http://127.0.0.1:1/', quick))).toBe('COLLATERAL_UNAVAILABLE')
  })
})

describe('what is kept was checked', () => {
  const changed = (change: Partial<ReturnType<typeof decodeCollateral>>) =>
    encodeCollateral({ ...decodeCollateral(manufacturer.collateral), ...change })
  const parts = decodeCollateral(manufacturer.collateral)
  const foreign = simulatedManufacturer({ seed: bytes(32, 9), nowMs, crypto })
  const flipped = (text: Uint8Array) => text.with(20, (text[20] ?? 0) ^ 1)

  it('gives number and dates of good collateral', () => {
    const facts = tdxCollateralFacts(manufacturer.collateral, need, context)
    expect(facts.evaluationNumber).toBe(18)
    expect(facts.issuedMs).toBeLessThan(nowMs)
    expect(facts.expiresMs).toBeGreaterThan(nowMs)
  })

  it.each<[string, Uint8Array, Partial<TdxCollateralNeed>?, number?]>([
    ['changed TCB info', changed({ tcbInfo: flipped(parts.tcbInfo) })],
    ['a changed QE identity', changed({ qeIdentity: flipped(parts.qeIdentity) })],
    ['a changed root list', changed({ rootCrl: flipped(parts.rootCrl) })],
    ['swapped lists', changed({ rootCrl: parts.pckCrl, pckCrl: parts.rootCrl })],
    ['no list', changed({ pckCrl: new Uint8Array(0) })],
    ['another root', foreign.collateral],
    ['another platform', manufacturer.collateral, { fmspc: '00906ed50000' }],
    ['a time before it', manufacturer.collateral, {}, nowMs - 9 * 86_400_000],
    ['a time after it', manufacturer.collateral, {}, nowMs + 40 * 86_400_000],
    ['nothing', new Uint8Array(0)],
  ])('refuses %s', (_name, collateral, otherNeed = {}, at = nowMs) => {
    expect(
      errorCode(() =>
        tdxCollateralFacts(collateral, { ...need, ...otherNeed }, { ...context, nowMs: at }),
      ),
    ).toBeDefined()
  })

  it('refuses a root that is not configured here', () => {
    expect(
      errorCode(() =>
        tdxCollateralFacts(manufacturer.collateral, need, { ...context, anchors: [] }),
      ),
    ).toBe('CHECK_FAILED')
  })
})

describe('peers', () => {
  const peers = (count: number) => {
    const network = createMemoryNetwork()
    return Array.from({ length: count }, (_, at) => network.join(testPeerRef(at)))
  }
  const judge = (collateral: Uint8Array) => void tdxCollateralFacts(collateral, need, context)

  it('hand collateral on by its hash, and a client refreshes from them', async () => {
    const [holder, client] = peers(2)
    await serveCollateral({ transport: holder!, crypto }, (key) =>
      key === tdxCollateralKey(need) ? manufacturer.collateral : undefined,
    )
    const source = peerSource({ transport: client!, crypto }, tdxCollateralKey)
    const cache = tdxCollateral({
      crypto,
      clock,
      anchors,
      dataDir: temporaryFolder(),
      sources: [source],
    })
    expect(await cache.get(need)).toEqual(manufacturer.collateral)
  })

  it('that lie are passed over for one that does not', async () => {
    const [liar, empty, holder, client] = peers(4)
    await liar!.handle(COLLATERAL_PROTOCOL, async (stream) => {
      await stream.receive()
      await stream.send(crypto.sha256(utf8('x')))
      await stream.receive()
      await stream.send(utf8('y'))
    })
    await serveCollateral({ transport: empty!, crypto }, () => utf8('no collateral'))
    await serveCollateral({ transport: holder!, crypto }, () => manufacturer.collateral)
    const source = peerSource({ transport: client!, crypto }, tdxCollateralKey)
    expect(await source.fetch(need, judge)).toEqual(manufacturer.collateral)
  })

  it('without any of it are said to have none', async () => {
    const [other, client] = peers(2)
    await serveCollateral({ transport: other!, crypto }, () => undefined)
    const source = peerSource({ transport: client!, crypto }, tdxCollateralKey)
    expect(await rejectionCode(source.fetch(need, judge))).toBe('COLLATERAL_UNAVAILABLE')
  })

  it('answer a hash only after they offered it, and few requests on a stream', async () => {
    const [holder, client] = peers(2)
    await serveCollateral({ transport: holder!, crypto }, () => manufacturer.collateral)
    const stream = await client!.openStream(holder!.self.peerId, COLLATERAL_PROTOCOL)
    await stream.send(
      encodeRequest({ kind: 'piece', hash: crypto.sha256(manufacturer.collateral) }),
    )
    expect(await stream.receive()).toEqual(new Uint8Array(0))
    for (let count = 1; count < 8; count += 1) {
      await stream.send(encodeRequest({ kind: 'offers', key: 'tdx-1' }))
      expect(await stream.receive()).toHaveLength(32)
    }
    expect(await stream.receive()).toBeUndefined()
  })

  it.each([
    ['an empty request', ''],
    ['an unknown kind', '03'],
    ['a short hash', `02${'00'.repeat(31)}`],
    ['a long key', `01${'61'.repeat(201)}`],
    ['a key that is a path', '012e2e2f61'],
  ])('refuse %s', (_name, hex) => {
    expect(errorCode(() => decodeRequest(fromHex(hex)))).toBe('COLLATERAL_MESSAGE_MALFORMED')
  })

  it('refuse offers that are no hashes, or too many', () => {
    expect(errorCode(() => decodeOffers(new Uint8Array(33)))).toBe('COLLATERAL_MESSAGE_MALFORMED')
    expect(errorCode(() => decodeOffers(new Uint8Array(32 * 5)))).toBe(
      'COLLATERAL_MESSAGE_MALFORMED',
    )
  })
})
