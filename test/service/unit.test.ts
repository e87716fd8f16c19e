/** The systemd unit: what is in it, and whether systemd itself accepts it. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { install, installPlan, remove, status } from '#node/service/service.ts'
import {
  type ServiceRole,
  type ServiceScope,
  type UnitOptions,
  unitText,
} from '#node/service/unit.ts'
import { rejectionCode } from '../support/error-code.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const options = (changes: Partial<UnitOptions> = {}): UnitOptions => ({
  scope: 'user',
  role: 'provider',
  command: [process.execPath, '/srv/cocoon/node/main.ts', 'up', '--drain-limit', '30'],
  dataRoot: '/tmp',
  networkFile: undefined,
  drainLimitS: 30,
  ...changes,
})

const analyze = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' })
const hasAnalyze = analyze.status === 0
if (!hasAnalyze)
  process.stderr.write('SKIPPED: systemd-analyze is missing, the units go unverified\n')

const SCOPES: readonly ServiceScope[] = ['user', 'system']
const ROLES: readonly ServiceRole[] = ['provider', 'client']

describe('the unit', () => {
  it.runIf(hasAnalyze).each(SCOPES.flatMap((scope) => ROLES.map((role) => [scope, role] as const)))(
    'passes systemd-analyze verify: %s %s',
    (scope, role) => {
      const file = path.join(temporaryFolder(), `cocoon-${role}.service`)
      writeFileSync(file, unitText(options({ scope, role })))
      const verify = spawnSync('systemd-analyze', [`--${scope}`, 'verify', file], {
        encoding: 'utf8',
        env: { ...process.env, XDG_RUNTIME_DIR: path.dirname(file) },
      })
      expect({ status: verify.status, said: `${verify.stdout}${verify.stderr}` }).toEqual({
        status: 0,
        said: '',
      })
    },
  )

  it.runIf(hasAnalyze)('would not pass with a line that systemd does not know', () => {
    const file = path.join(temporaryFolder(), 'cocoon-provider.service')
    writeFileSync(file, `${unitText(options())}\n[Service]\nRestartt=always\n`)
    const verify = spawnSync('systemd-analyze', ['--user', 'verify', file], {
      encoding: 'utf8',
      env: { ...process.env, XDG_RUNTIME_DIR: path.dirname(file) },
    })
    expect(verify.stderr).toContain('Restartt')
  })

  it('gives the drain its time, and restarts on failure only', () => {
    const text = unitText(options({ drainLimitS: 100 }))
    expect(text).toMatch(/^TimeoutStopSec=130$/m)
    expect(text).toMatch(/^Restart=on-failure$/m)
    expect(text).toMatch(/^RestartPreventExitStatus=2$/m)
    for (const line of ['NoNewPrivileges=yes', 'ProtectSystem=strict', 'UMask=0077']) {
      expect(text).toContain(`${line}\n`)
    }
  })

  it('keeps a user unit in its data folder and a system unit in a folder of its own', () => {
    expect(unitText(options({ dataRoot: '/home/ann/data' }))).toContain(
      'ReadWritePaths=/home/ann/data\n',
    )
    const system = unitText(options({ scope: 'system', role: 'client' }))
    expect(system).toContain('StateDirectory=cocoon-client\n')
    expect(system).toContain('Environment=COCOON_DATA=/var/lib/cocoon-client\n')
    expect(system).toContain('DynamicUser=yes\n')
  })

  it('quotes what systemd would expand or split', () => {
    const text = unitText(options({ command: ['/opt/my node', '--x', '50%', '$HOME', 'a"b\\c'] }))
    expect(text).toContain('ExecStart="/opt/my node" --x 50%% $$HOME "a\\"b\\\\c"\n')
  })
})

describe('installing', () => {
  const ran: string[] = []
  const answering = (code: number) => async (program: string, parameters: readonly string[]) => {
    ran.push([program, ...parameters].join(' '))
    return code
  }

  it('writes the unit, then reloads, enables and starts it; removing undoes it', async () => {
    const folder = path.join(temporaryFolder(), 'systemd', 'user')
    const plan = installPlan(options(), folder)
    await install(plan, answering(0))
    expect(readFileSync(plan.unitFile, 'utf8')).toBe(plan.unit)
    expect(ran.splice(0)).toEqual([
      'systemctl --user daemon-reload',
      'systemctl --user enable cocoon-provider.service',
      'systemctl --user restart cocoon-provider.service',
    ])
    await remove('user', 'provider', folder, answering(0))
    expect(existsSync(plan.unitFile)).toBe(false)
    expect(ran.splice(0)).toEqual([
      'systemctl --user disable --now cocoon-provider.service',
      'systemctl --user daemon-reload',
    ])
  })

  it('names the command of systemd that failed, and what is missing', async () => {
    const folder = temporaryFolder()
    const failed = install(installPlan(options({ scope: 'system' }), folder), answering(1))
    await expect(failed).rejects.toMatchObject({
      code: 'SERVICE_FAILED',
      message: '`systemctl daemon-reload` ended with 1',
    })
    const missing = remove('user', 'client', folder, answering(0))
    expect(await rejectionCode(missing)).toBe('SERVICE_MISSING')
    const blocked = installPlan(options(), path.join(plainFile(), 'user'))
    expect(await rejectionCode(install(blocked, answering(0)))).toBe('SERVICE_FOLDER')
    expect(await status('user', 'provider', answering(3))).toBe(3)
  })
})

function plainFile(): string {
  const file = path.join(temporaryFolder(), 'file')
  writeFileSync(file, '')
  return file
}
