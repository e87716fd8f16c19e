/** Is the TDX module, which isolates the guest from its host, one that Intel signed and released? */
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { toHex } from '#protocol/bytes.ts'
import { equalMasked } from './masked.ts'
import type { TdReport } from './quote.ts'
import { refuse } from './refuse.ts'
import type { TcbInfo } from './signed-json.ts'
import { selectEnclaveLevel, selectModule, type TcbLevel } from './tcb-level.ts'

/** @throws AttestationError CHECK_FAILED */
export function expectSeamModule(
  info: TcbInfo,
  body: TdReport,
  policy: AttestationPolicy,
): { readonly id: string; readonly level: TcbLevel } {
  const module = selectModule(info, body.teeTcbSvn)
  if (toHex(body.mrSignerSeam) !== module.mrsigner.toLowerCase()) {
    refuse('MRSIGNERSEAM: a TDX module of another signer')
  }
  if (!equalMasked(body.seamAttributes, module.attributes, module.attributesMask)) {
    refuse(`SEAMATTRIBUTES ${toHex(body.seamAttributes)}`)
  }
  const mrSeam = toHex(body.mrSeam)
  if (policy.tdx.mrSeam !== 'any' && !policy.tdx.mrSeam.includes(mrSeam)) {
    refuse(`the policy does not accept TDX module ${mrSeam}`)
  }
  const { id, tcbLevels } = module
  if (tcbLevels === undefined) return { id, level: { status: 'UpToDate', advisories: [] } }
  return { id, level: selectEnclaveLevel(tcbLevels, body.teeTcbSvn[0] ?? 0, `module ${id}`) }
}
