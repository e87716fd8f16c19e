/**
 * Which TCB level a platform, its TDX module and its quoting enclave are at, and what they come to
 * together (Intel PCS API v4, "Get TDX TCB Info", and the TDX DCAP quote verification library).
 */
import { toHex } from '#protocol/bytes.ts'
import { refuse } from './refuse.ts'
import type { PlatformIdentity } from './sgx-extension.ts'
import type { EnclaveLevel, TcbInfo, TcbStatus } from './signed-json.ts'

export interface TcbLevel {
  readonly status: TcbStatus
  readonly advisories: readonly string[]
}

/** Levels are listed from the newest down: the first one that is reached counts. */
export function selectEnclaveLevel(
  levels: readonly EnclaveLevel[],
  isvSvn: number,
  what: string,
): TcbLevel {
  const level = levels.find((one) => isvSvn >= one.tcb.isvsvn)
  if (level === undefined) return refuse(`${what} at version ${isvSvn} reaches no TCB level`)
  return { status: level.tcbStatus, advisories: level.advisoryIDs }
}

/** TEE TCB SVN byte 1 is the module's major version; 0 is the only one without an identity. */
function moduleMajor(teeTcbSvn: Uint8Array): number {
  return teeTcbSvn[1] ?? 0
}

/** The identity that TCB info gives for the TDX module of this quote. */
export function selectModule(info: TcbInfo, teeTcbSvn: Uint8Array) {
  const major = moduleMajor(teeTcbSvn)
  if (major === 0) return { id: 'TDX', ...info.tdxModule, tcbLevels: undefined }
  const id = `TDX_${toHex(Uint8Array.of(major)).toUpperCase()}`
  return info.tdxModuleIdentities.find((one) => one.id === id) ?? refuse(`no TDX module ${id}`)
}

function reaches(actual: readonly number[], required: readonly { svn: number }[], from: number) {
  return required.every((one, index) => index < from || (actual[index] ?? -1) >= one.svn)
}

/** With a module identity the module's own two components are judged by it, not by the platform. */
export function selectPlatformLevel(
  info: TcbInfo,
  platform: PlatformIdentity,
  teeTcbSvn: Uint8Array,
): TcbLevel {
  const firstTdxComponent = moduleMajor(teeTcbSvn) === 0 ? 0 : 2
  const level = info.tcbLevels.find(
    ({ tcb }) =>
      reaches(platform.componentSvns, tcb.sgxtcbcomponents, 0) &&
      platform.pceSvn >= tcb.pcesvn &&
      reaches([...teeTcbSvn], tcb.tdxtcbcomponents, firstTdxComponent),
  )
  if (level === undefined) return refuse('the platform reaches no TCB level')
  return { status: level.tcbStatus, advisories: level.advisoryIDs }
}

const CONFIGURED: readonly TcbStatus[] = ['UpToDate', 'SWHardeningNeeded', 'OutOfDate']

/** The platform's level made worse by a module's or quoting enclave's. */
export function converge(platform: TcbLevel, other: TcbLevel): TcbLevel {
  const advisories = [...new Set([...platform.advisories, ...other.advisories])]
  if (platform.status === 'Revoked' || other.status === 'Revoked') {
    return { status: 'Revoked', advisories }
  }
  if (other.status === 'UpToDate') return { status: platform.status, advisories }
  const isConfigured = CONFIGURED.includes(platform.status)
  return { status: isConfigured ? 'OutOfDate' : 'OutOfDateConfigurationNeeded', advisories }
}
