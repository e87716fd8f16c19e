/** Is the TDX module, which isolates the guest from its host, one that Intel signed and released? */
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { toHex } from '#protocol/bytes.ts'
import { equalMasked } from './masked.ts'
import { refuse } from './refuse.ts'
import type { TcbInfo } from './signed-json.ts'
import { selectEnclaveLevel, selectModule, type TcbLevel } from './tcb-level.ts'
import { moduleSvns, type TdReport } from './td-report.ts'

export interface SeamModule {
  readonly id: string
  readonly teeTcbSvn: Uint8Array
  readonly level: TcbLevel
}

/** Without an identity of its own the module is judged with the platform's TDX components alone. */
const JUDGED_WITH_PLATFORM: TcbLevel = {
  status: 'UpToDate',
  advisories: [],
  tcbDateMs: Number.MAX_SAFE_INTEGER,
}

function expectModule(info: TcbInfo, body: TdReport, teeTcbSvn: Uint8Array): SeamModule {
  const module = selectModule(info, teeTcbSvn)
  const signer = toHex(body.mrSignerSeam)
  if (signer !== module.mrsigner.toLowerCase()) {
    refuse('MRSIGNERSEAM: a TDX module of another signer', { found: signer })
  }
  const attributes = toHex(body.seamAttributes)
  if (!equalMasked(body.seamAttributes, module.attributes, module.attributesMask)) {
    refuse(`SEAMATTRIBUTES ${attributes}`, { found: attributes })
  }
  const { id, tcbLevels } = module
  if (tcbLevels === undefined) return { id, teeTcbSvn, level: JUDGED_WITH_PLATFORM }
  const level = selectEnclaveLevel(tcbLevels, teeTcbSvn[0] ?? 0, `module ${id}`)
  return { id, teeTcbSvn, level }
}

/**
 * The module at the guest's launch and, for a TD 1.5 body, the one that runs now after an update that kept
 * the guest: never empty, and all of them good.
 * @throws AttestationError CHECK_FAILED
 */
export function expectSeamModules(
  info: TcbInfo,
  body: TdReport,
  policy: AttestationPolicy['tdx'],
): readonly SeamModule[] {
  const modules = moduleSvns(body).map((svns) => expectModule(info, body, svns))
  const mrSeam = toHex(body.mrSeam)
  if (policy.mrSeam !== 'any' && !policy.mrSeam.includes(mrSeam)) {
    refuse(`the policy does not accept TDX module ${mrSeam}`, { found: mrSeam })
  }
  return modules
}
