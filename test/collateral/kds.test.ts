/** AMD's Key Distribution Service: exact requests, and what a report of a real Milan machine needs. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodePemChain } from '#attestation/der/pem.ts'
import { readPemCertificates } from '#attestation/evidence/pem-certificates.ts'
import {
  type SnpCollateralNeed,
  snpCollateralNeed,
} from '#attestation/evidence/snp-collateral-facts.ts'
import { decodeSnpCollateral } from '#attestation/verify/snp/collateral.ts'
import { kdsSource } from '#node/collateral/kds.ts'
import { fromUtf8, toHex, utf8 } from '#protocol/bytes.ts'
import { localService } from '#test/support/collateral-service.ts'
import { rejectionCode } from '#test/support/error-code.ts'

const [vcek, ask, ark, crl] = ['vcek', 'ask', 'ark', 'crl'].map(utf8) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
]
const pem = fromUtf8(encodePemChain([ask, ark])).replace(/\0$/, '')

const need = (changes: Partial<SnpCollateralNeed> = {}) =>
  ({
    kind: 'sev-snp',
    product: 'genoa',
    signingKey: 'vcek',
    hardwareId: 'ab'.repeat(64),
    tcb: { fmc: 0, bootLoader: 7, tee: 0, snp: 14, microcode: 72 },
    host: new Map(),
    ...changes,
  }) as SnpCollateralNeed

const service = () =>
  localService((request, response) => {
    const url = request.url ?? ''
    if (url.endsWith('/cert_chain')) response.end(pem)
    else if (url.endsWith('/crl')) response.end(crl)
    else response.end(vcek)
  })

const fetchFrom = (url: string, what = need()) =>
  kdsSource(url, { timeoutMs: 1_000 }).fetch(what, () => undefined)

describe("AMD's KDS", () => {
  it('is asked for the key of this chip at this TCB, its authorities and the list', async () => {
    const { url, asked } = await service()
    const found = decodeSnpCollateral(await fetchFrom(url))
    expect(found).toMatchObject({ chain: [vcek, ask, ark], crl })
    expect([...asked].sort()).toEqual([
      `/vcek/v1/Genoa/${'ab'.repeat(64)}?blSPL=07&teeSPL=00&snpSPL=14&ucodeSPL=72`,
      '/vcek/v1/Genoa/cert_chain',
      '/vcek/v1/Genoa/crl',
    ])
  })

  it('is asked with the FMC component for Turin', async () => {
    const { url, asked } = await service()
    const tcb = { fmc: 1, bootLoader: 2, tee: 3, snp: 4, microcode: 255 }
    await fetchFrom(url, need({ product: 'turin', hardwareId: 'cd'.repeat(8), tcb }))
    expect(asked).toContain(
      `/vcek/v1/Turin/${'cd'.repeat(8)}?fmcSPL=01&blSPL=02&teeSPL=03&snpSPL=04&ucodeSPL=255`,
    )
  })

  it('is not asked for a key that the host gave, and has no VLEKs', async () => {
    const { url, asked } = await service()
    const host = new Map([['vlek', vcek]] as const)
    await fetchFrom(url, need({ signingKey: 'vlek', host }))
    expect([...asked].sort()).toEqual(['/vlek/v1/Genoa/cert_chain', '/vlek/v1/Genoa/crl'])
    expect(await rejectionCode(fetchFrom(url, need({ signingKey: 'vlek' })))).toBe(
      'COLLATERAL_UNAVAILABLE',
    )
  })

  it('that stalls or refuses fails with a code', async () => {
    const silent = await localService(() => undefined)
    expect(await rejectionCode(fetchFrom(silent.url))).toBe('COLLATERAL_UNAVAILABLE')
    const busy = await localService((_request, response) => void response.writeHead(429).end())
    expect(await rejectionCode(fetchFrom(busy.url))).toBe('COLLATERAL_UNAVAILABLE')
  })
})

describe('certificates in PEM', () => {
  it('are read with text around them, and bounded', () => {
    expect(readPemCertificates(`subject=x\r\n${pem.replaceAll('\n', '\r\n')}tail`)).toEqual([
      ask,
      ark,
    ])
    expect(readPemCertificates(pem.repeat(50), 3)).toHaveLength(3)
    expect(
      readPemCertificates('-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----'),
    ).toEqual([])
    expect(readPemCertificates('x'.repeat(300_000))).toEqual([])
  })
})

const report = path.resolve(import.meta.dirname, '../../../shared/vectors/snp/attestation.bin')
/** A real report made by other people; not part of this repository. */
it.skipIf(!existsSync(report))('a real Milan report names its chip and TCB', () => {
  const found = snpCollateralNeed(new Uint8Array(readFileSync(report)))
  expect(found).toMatchObject({ product: 'milan', signingKey: 'vcek' })
  expect(found.hardwareId).toBe(toHex(found.report.chipId))
})
