/** Collateral of SEV-SNP platforms from AMD's Key Distribution Service (AMD publication 57230). */
import { readPemCertificates } from '#attestation/evidence/pem-certificates.ts'
import type { SnpCollateralNeed } from '#attestation/evidence/snp-collateral-facts.ts'
import { encodeSnpCollateral } from '#attestation/verify/snp/collateral.ts'
import { productName } from '#attestation/verify/snp/product.ts'
import { fromUtf8 } from '#protocol/bytes.ts'
import { UnavailableError } from '#protocol/errors.ts'
import { get, type HttpLimits } from './http.ts'
import type { CollateralSource } from './source.ts'

const AMD_KDS = 'https://kdsintf.amd.com'

/** KDS has no VLEKs: only the host has them, and without one there is no collateral. */
export function kdsSource(
  baseUrl: string = AMD_KDS,
  limits: HttpLimits = {},
): CollateralSource<SnpCollateralNeed> {
  return {
    name: new URL(baseUrl).host,
    async fetch(need) {
      const product = `${baseUrl}/${need.signingKey}/v1/${productName(need.product)}`
      const [leaf, chain, crl] = await Promise.all([
        leafOf(need, product, limits),
        get(`${product}/cert_chain`, limits),
        get(`${product}/crl`, limits),
      ])
      const authorities = readPemCertificates(fromUtf8(chain.body))
      return encodeSnpCollateral({ chain: [leaf, ...authorities], crl: crl.body })
    },
  }
}

async function leafOf(
  need: SnpCollateralNeed,
  product: string,
  limits: HttpLimits,
): Promise<Uint8Array> {
  const given = need.host.get(need.signingKey)
  if (given !== undefined) return given
  if (need.signingKey === 'vlek') {
    throw new UnavailableError('COLLATERAL_UNAVAILABLE', 'the host gave no VLEK certificate', {
      remedy: 'Ask the cloud provider to load the VLEK certificate into the host.',
    })
  }
  return (await get(`${product}/${need.hardwareId}?${tcbQuery(need)}`, limits)).body
}

/** Two decimal digits each, in the order of the specification. */
function tcbQuery({ product, tcb }: SnpCollateralNeed): string {
  const parts: readonly (readonly [string, number])[] = [
    ...(product === 'turin' ? ([['fmcSPL', tcb.fmc]] as const) : []),
    ['blSPL', tcb.bootLoader],
    ['teeSPL', tcb.tee],
    ['snpSPL', tcb.snp],
    ['ucodeSPL', tcb.microcode],
  ]
  return parts.map(([name, svn]) => `${name}=${`${svn}`.padStart(2, '0')}`).join('&')
}
