/** The running kernel: old enough kernels have no configfs-tsm, and distributions may leave it out. */
import { line, type SurveyLine } from './survey-line.ts'
import type { SurveySystem } from './survey-system.ts'

/** configfs-tsm is in Linux since 6.7. */
const KERNEL_MIN = { major: 6, minor: 7 } as const
/** Options by the names of several kernels: the first of a row is enough. */
const OPTIONS: readonly (readonly string[])[] = 'TSM_REPORTS; TDX_GUEST_DRIVER SEV_GUEST'
  .split('; ')
  .map((row) => row.split(' '))

/** @param inGuest what is missing fails in a TEE guest, and is only worth knowing elsewhere */
export function surveyKernel(system: SurveySystem, inGuest: boolean): SurveyLine[] {
  const problem = inGuest ? 'fail' : 'warn'
  const release = system.kernelRelease()
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(release) ?? []
  const isNew =
    Number(major) > KERNEL_MIN.major ||
    (Number(major) === KERNEL_MIN.major && Number(minor) >= KERNEL_MIN.minor)
  const upgrade = 'Use a guest image with Linux 6.7 or later.'
  const version = isNew
    ? line('kernel-version', 'pass', release)
    : line('kernel-version', problem, `${release} has no configfs-tsm`, upgrade)
  return [version, configLine(system, problem)]
}

function configLine(system: SurveySystem, problem: 'warn' | 'fail'): SurveyLine {
  const config = system.kernelConfig()
  if (config === undefined) {
    return line(
      'kernel-config',
      'warn',
      'not readable',
      'Compare with docs/OPERATING-TEE.md by hand.',
    )
  }
  const missing = OPTIONS.filter((names) => !names.some((name) => isSet(config, name)))
  if (missing.length === 0) return line('kernel-config', 'pass', 'TSM reports and a guest driver')
  const names = missing.map((row) => row.map((name) => `CONFIG_${name}`).join(' or ')).join(', ')
  return line('kernel-config', problem, `without ${names}`, 'Use a guest kernel that has them.')
}

function isSet(config: string, name: string): boolean {
  return new RegExp(`^CONFIG_${name}=[ym]$`, 'm').test(config)
}
