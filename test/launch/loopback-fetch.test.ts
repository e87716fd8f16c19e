/** The launcher's own fetch beside the platform's, against the same servers (SIMULATED), good and bad. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { UpstreamEngine } from '#inference/upstream/upstream-engine.ts'
import { loopbackFetch } from '#node/launch/loopback-fetch.ts'
import { asCocoonError } from '#protocol/errors.ts'
import { eventually } from '../support/eventually.ts'
import { readAnswer, UpstreamHarness, upstreamRequest } from '../support/upstream-harness.ts'
import type { ServerFault, UpstreamTestServer } from '../support/upstream-server.ts'

const LONG_ANSWER =
  'the hello and the user, then the system and the assistant stop: all of it is text'

const harness = new UpstreamHarness()
let server: UpstreamTestServer
let platform: UpstreamEngine
let launcher: UpstreamEngine
const sockets: Socket[] = []

beforeAll(async () => {
  server = await harness.start({ answer: LONG_ANSWER })
  const port = Number(new URL(server.url).port)
  const fetch = loopbackFetch(async () => {
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    await once(socket, 'connect')
    return socket
  })
  platform = await harness.open(server)
  launcher = await harness.open(server, { fetch })
})
afterAll(() => harness.close())

const outcome = (engine: UpstreamEngine): Promise<unknown> =>
  readAnswer(engine.generate(upstreamRequest(server))).catch((thrown: unknown) => {
    const { code, data } = asCocoonError(thrown)
    return { code, data }
  })

describe('a fetch over sockets that were vouched for', () => {
  it.each<ServerFault | undefined>([
    undefined,
    'redirect',
    'too-many-requests',
    'internal-error',
    'endless-refusal',
    'giant-header',
    'no-http',
    'truncated',
    'dies',
    'not-utf8',
    'huge-line',
    'flood',
  ])('says of a server with the fault %s what the platform’s says', async (fault) => {
    server.fault = fault
    const expected = await outcome(platform)
    expect(await outcome(launcher)).toEqual(expected)
    server.fault = undefined
    expect(await outcome(launcher)).toEqual(await outcome(platform))
  })

  it.each([
    '600 none',
    '999 none',
    '099 none',
    '101 none',
    '101 none\r\nupgrade: x\r\nconnection: upgrade',
  ])('refuses the status %j, which no answer has', async (status) => {
    const strange = createServer((socket) => {
      socket.once('data', () => socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`))
    })
    strange.listen(0, '127.0.0.1')
    await once(strange, 'listening')
    const { port } = strange.address() as AddressInfo
    const fetch = loopbackFetch(async () => {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      return socket
    })
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed')
    await new Promise((resolve) => strange.close(resolve))
  })

  it('closes the connection of an answer that is left, and keeps none', async () => {
    const before = server.cancelled
    // Two tokens, then nothing: the answer cannot be over before it is left.
    server.fault = 'silent-within'
    for await (const event of launcher.generate(upstreamRequest(server))) {
      if (event.kind === 'token') break
    }
    await eventually(() => server.cancelled === before + 1)
    await eventually(() => sockets.every((socket) => socket.destroyed))
  })
})
