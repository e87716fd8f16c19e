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
  /** When this TCB became current, Unix milliseconds. */
  readonly tcbDateMs: number
}

/** Levels are listed from the newest down: the first one that is reached counts. */
export function selectEnclaveLevel(
  levels: readonly EnclaveLevel[],
  isvSvn: number,
  what: string,
): TcbLevel {
  const level = levels.find((one) => isvSvn >= one.tcb.isvsvn)
  if (level === undefined) return refuse(`${what} at version ${isvSvn} reaches no TCB level`)
  return levelOf(level)
}

function levelOf(level: EnclaveLevel | TcbInfo['tcbLevels'][number]): TcbLevel {
  const { tcbStatus: status, advisoryIDs: advisories, tcbDate: tcbDateMs } = level
  return { status, advisories, tcbDateMs }
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
  if (level === undefined) return refuse('no TCB level matches this platform')
  return levelOf(level)
}

const CONFIGURED: readonly TcbStatus[] = ['UpToDate', 'SWHardeningNeeded', 'OutOfDate']

/** The platform's level made worse by a module's or quoting enclave's. */
export function converge(platform: TcbLevel, other: TcbLevel): TcbLevel {
  const advisories = [...new Set([...platform.advisories, ...other.advisories])]
  const tcbDateMs = Math.min(platform.tcbDateMs, other.tcbDateMs)
  if (platform.status === 'Revoked' || other.status === 'Revoked') {
    return { status: 'Revoked', advisories, tcbDateMs }
  }
  if (other.status === 'UpToDate') return { status: platform.status, advisories, tcbDateMs }
  const isConfigured = CONFIGURED.includes(platform.status)
  const status = isConfigured ? 'OutOfDate' : 'OutOfDateConfigurationNeeded'
  return { status, advisories, tcbDateMs }
}
