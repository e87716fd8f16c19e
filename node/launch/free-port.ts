/** A port for a server that somebody else will bind. */
import { randomInt } from 'node:crypto'
import { portIsFree } from '../port.ts'
import { LAUNCH_PORT_MAX, LAUNCH_PORT_MIN, LAUNCH_PORT_TRIES_MAX } from './constants.ts'
import { launchFailed } from './errors.ts'

/**
 * One of 127.0.0.1 that was free a moment ago, and that the kernel gives to nobody who asks it for any (Linux keeps those
 * from 32768 on for that, unless told otherwise): until the server binds it some seconds may pass.
 * @throws UnavailableError LAUNCH_FAILED
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < LAUNCH_PORT_TRIES_MAX; tries++) {
    const port = randomInt(LAUNCH_PORT_MIN, LAUNCH_PORT_MAX + 1)
    if (await portIsFree(port)) return port
  }
  throw launchFailed('not started')
}
