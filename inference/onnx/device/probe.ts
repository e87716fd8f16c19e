/** Asks each device in a process of its own whether it answers. */
import { fileURLToPath } from 'node:url'
import { spawnEngineProcess } from '../process/child-link.ts'
import { DeviceReport } from './report.ts'

const CHILD = fileURLToPath(new URL('./probe-child.ts', import.meta.url))

/**
 * Never rejects: a process that dies, or is given up by the signal, is a device that does not answer.
 * @param environment by which drivers are found
 */
export function probeDevice(
  device: DeviceReport['device'],
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<DeviceReport> {
  const silent = (trouble: string): DeviceReport => ({
    ...{ device, isInstalled: true, answers: false, adapters: [], trouble },
  })
  if (signal?.aborted) return Promise.resolve(silent('nobody waited for it'))
  const child = spawnEngineProcess(CHILD, environment, [device])
  const kill = () => child.kill('SIGKILL')
  signal?.addEventListener('abort', kill, { once: true })
  return new Promise<DeviceReport>((resolve) => {
    child.once('message', (raw) => {
      resolve(DeviceReport.safeParse(raw).data ?? silent('the process that looked spoke nonsense'))
    })
    child.once('error', () => resolve(silent('no process could be started')))
    child.once('exit', () =>
      resolve(silent(signal?.aborted ? 'no answer in time' : 'the process that looked at it died')),
    )
  }).finally(() => {
    signal?.removeEventListener('abort', kill)
    kill()
  })
}
