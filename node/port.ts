/** Whether somebody listens on a port of this machine. */
import { createServer } from 'node:net'

/** Of 127.0.0.1; 0 asks for any port. */
export function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
