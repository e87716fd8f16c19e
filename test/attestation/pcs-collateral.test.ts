/** Collateral in the form of Intel's service becomes the message that travels, byte for byte. */
import { describe, expect, it } from 'vitest'
import { encodePemChain } from '#attestation/der/pem.ts'
import { collateralFromPcs } from '#attestation/evidence/pcs-collateral.ts'
import { decodeCollateral } from '#attestation/verify/collateral.ts'
import { fromUtf8, toHex } from '#protocol/bytes.ts'
import { manufacturer } from './network.ts'

const honest = decodeCollateral(manufacturer.collateral)
const pem = (chain: readonly Uint8Array[]) => fromUtf8(encodePemChain(chain)).replace('\0', '')

const document = {
  tcb_info: fromUtf8(honest.tcbInfo),
  tcb_info_signature: toHex(honest.tcbInfoSignature),
  tcb_info_issuer_chain: pem(honest.tcbInfoChain),
  qe_identity: fromUtf8(honest.qeIdentity),
  qe_identity_signature: toHex(honest.qeIdentitySignature),
  qe_identity_issuer_chain: pem(honest.qeIdentityChain),
  pck_crl_issuer_chain: 'not needed: the quote carries it',
  root_ca_crl: toHex(honest.rootCrl),
  pck_crl: toHex(honest.pckCrl),
}

describe('PCS collateral', () => {
  it('becomes exactly what the simulated manufacturer wrote', () => {
    expect(toHex(collateralFromPcs(document))).toBe(toHex(manufacturer.collateral))
    const windows = document.tcb_info_issuer_chain.replaceAll('\n', '\r\n')
    const same = { ...document, tcb_info_issuer_chain: windows, root_ca_crl: document.root_ca_crl }
    expect(toHex(collateralFromPcs(same))).toBe(toHex(manufacturer.collateral))
  })

  it.each([
    ['a list that is not hexadecimal', { ...document, pck_crl: 'zz' }],
    ['half a byte', { ...document, root_ca_crl: 'abc' }],
    ['TCB info as an object', { ...document, tcb_info: {} }],
    ['a missing field', { tcb_info: '' }],
    ['too much text', { ...document, qe_identity: ' '.repeat(262_145) }],
    ['nothing', null],
  ])('with %s is refused', (_, other) => {
    expect(() => collateralFromPcs(other)).toThrow(
      expect.objectContaining({ code: 'PCS_COLLATERAL_MALFORMED' }),
    )
  })
})
