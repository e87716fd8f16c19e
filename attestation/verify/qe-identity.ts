/** Is the enclave that certified the attestation key Intel's TD quoting enclave? */
import { toHex } from '#protocol/bytes.ts'
import type { EnclaveReport } from './enclave-report.ts'
import { equalMasked } from './masked.ts'
import { refuse } from './refuse.ts'
import type { QeIdentity } from './signed-json.ts'
import { selectEnclaveLevel, type TcbLevel } from './tcb-level.ts'

const ATTRIBUTE_DEBUG = 0x02

/** @throws AttestationError CHECK_FAILED */
export function expectQeIdentity(identity: QeIdentity, report: EnclaveReport): TcbLevel {
  if (toHex(report.mrSigner) !== identity.mrsigner.toLowerCase()) refuse('QE of another signer')
  if (report.isvProdId !== identity.isvprodid) refuse(`QE product ${report.isvProdId}`)
  if (!equalMasked(report.miscSelect, identity.miscselect, identity.miscselectMask)) {
    refuse('QE MISCSELECT differs')
  }
  if (!equalMasked(report.attributes, identity.attributes, identity.attributesMask)) {
    refuse('QE attributes differ')
  }
  if (((report.attributes[0] ?? 0) & ATTRIBUTE_DEBUG) !== 0) refuse('the QE is in debug mode')
  return selectEnclaveLevel(identity.tcbLevels, report.isvSvn, 'the quoting enclave')
}
