/**
 * Whoever speaks to the local API or to the control socket may say anything: each connection is answered or
 * closed, and the next honest caller is served. Raw bytes on purpose: an HTTP library would not send them.
 */
import { connect as connectSocket, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { API_CONNECTIONS_MAX, API_HEADER_BYTES_MAX } from '#node/gateway/constants.ts'
import { controlApp } from '#node/status/control-app.ts'
import { controlSocketPath, serveControl } from '#node/status/control-socket.ts'
import type { PeerStatus } from '#node/status/status-document.ts'
import { eventually } from '../support/eventually.ts'
import { startTestGateway } from '../support/gateway.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const CRLF = '\r\n'
const JSON_TYPE = 'content-type: application/json'

function get(path: string, ...headers: string[]): string {
  return [`GET ${path} HTTP/1.1`, ...headers, 'connection: close', '', ''].join(CRLF)
}

function post(body: string, ...headers: string[]): string {
  const head = ['POST /v1/chat/completions HTTP/1.1', 'host: 127.0.0.1', JSON_TYPE, ...headers]
  return [...head, 'connection: close', '', body].join(CRLF)
}

const withLength = (body: string, length: number): string => post(body, `content-length: ${length}`)

/** What comes back until the other side closes; this side has then said all that it will. */
function exchange(open: () => Socket, bytes: string | Buffer): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let heard = ''
  const socket = open()
  socket.setEncoding('latin1').on('data', (text: string) => {
    heard += text
  })
  socket.on('error', () => undefined).on('close', () => resolve(heard))
  socket.end(bytes)
  return promise
}

const HOSTILE: readonly (readonly [string, string | Buffer, RegExp])[] = [
  ['bytes that are no HTTP', Buffer.from([0x16, 3, 1, 0, 0xff, 0x0d, 0x0a]), /^(HTTP\/1.1 400|$)/],
  ['an unknown method', 'FOO / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n', /^HTTP\/1.1 400/],
  ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', /^(HTTP\/1.1 400|$)/],
  [
    'a header without an end',
    get('/v1/models', 'host: 127.0.0.1', `x: ${'a'.repeat(API_HEADER_BYTES_MAX)}`),
    /^HTTP\/1.1 431/,
  ],
  ['no host', get('/v1/models'), /^HTTP\/1.1 400/],
  ['a name that was rebound', get('/v1/models', 'host: evil.example'), /^HTTP\/1.1 403/],
  [
    'a page of another site',
    get('/v1/models', 'host: 127.0.0.1', 'origin: https://evil.example'),
    /^HTTP\/1.1 403/,
  ],
  ['a page of no site', get('/v1/models', 'host: 127.0.0.1', 'origin: null'), /^HTTP\/1.1 403/],
  [
    'another name in the request line',
    get('http://evil.example/v1/models', 'host: evil.example'),
    /^HTTP\/1.1 40[03]/,
  ],
  ['two lengths', post('{}', 'content-length: 2', 'content-length: 40'), /^HTTP\/1.1 400/],
  [
    'a length and chunks',
    post(
      '0\r\n\r\nGET /api/v1/status HTTP/1.1\r\n\r\n',
      'content-length: 5',
      'transfer-encoding: chunked',
    ),
    /^HTTP\/1.1 400/,
  ],
  [
    'chunks that are not the last coding',
    post('0\r\n\r\n', 'transfer-encoding: chunked, identity'),
    /^HTTP\/1.1 400/,
  ],
  ['a name with a space', get('/v1/models', 'host : 127.0.0.1'), /^HTTP\/1.1 400/],
  ['a folded header', get('/v1/models', 'host: 127.0.0.1', 'x: a', ' b: c'), /^HTTP\/1.1 400/],
  ['JSON that is none', withLength('{"model":', 9), /^HTTP\/1.1 400/],
  ['text that is no UTF-8', withLength('"\u0000', 2), /^HTTP\/1.1 400/],
  [
    'bytes that are no UTF-8',
    Buffer.concat([Buffer.from(withLength('', 4)), Buffer.from([0x22, 0xff, 0xfe, 0x22])]),
    /^HTTP\/1.1 400/,
  ],
  ['less than its length', withLength('{}', 1_000), /^(HTTP\/1.1 400|$)/],
  ['more than its length', withLength('{}{"and":"more"}', 2), /^HTTP\/1.1 400/],
  [
    'garbage behind a good request',
    `${get('/v1/models', 'host: 127.0.0.1').replace('connection: close\r\n', '')}\u0000\u0001garbage\r\n\r\n`,
    /HTTP\/1.1 400/,
  ],
]

interface Served {
  readonly open: () => Socket
  /** A request of an honest caller. */
  readonly honest: string
}

const SERVERS: Readonly<Record<string, () => Promise<Served>>> = {
  async 'the local API'() {
    const { gateway } = await startTestGateway()
    const open = () => connectSocket(gateway.port, '127.0.0.1')
    return { open, honest: get('/v1/models', 'host: 127.0.0.1') }
  },
  async 'the control socket'() {
    const folder = temporaryFolder()
    const status = () => ({ alive: true }) as unknown as PeerStatus
    const control = await serveControl(controlApp({ status, drain: () => undefined }), folder)
    onTestFinished(() => control.close())
    const open = () => connectSocket(controlSocketPath(folder))
    return { open, honest: get('/status', 'host: localhost') }
  },
}

async function isServed({ open, honest }: Served): Promise<boolean> {
  return (await exchange(open, honest)).startsWith('HTTP/1.1 200')
}

describe.each(Object.entries(SERVERS))('%s', (name, serve) => {
  test('hostile HTTP is refused or closed, and the next caller is served', async () => {
    const served = await serve()
    for (const [what, bytes, refused] of HOSTILE) {
      const heard = await exchange(served.open, bytes)
      // The socket knows fewer paths than the API; its owner alone can reach it.
      const isApi = name === 'the local API'
      expect(heard, what).toMatch(isApi ? refused : /^(HTTP\/1.1 [24]|$)/)
      expect(await isServed(served), what).toBe(true)
    }
  })

  test('1,000 callers that never end their headers keep nobody out for long', async () => {
    const served = await serve()
    const sockets = Array.from({ length: 1_000 }, () => served.open())
    let gone = 0
    for (const socket of sockets) {
      socket.on('error', () => undefined).on('close', () => gone++)
      socket.on('connect', () => socket.write('GET /v1/models HTTP/1.1\r\nx: '))
    }
    // What is above the limit is closed at once; a caller that ends its header late has ten seconds.
    await eventually(() => gone >= 1_000 - API_CONNECTIONS_MAX)
    for (const socket of sockets) socket.destroy()
    await eventually(() => gone === 1_000)
    await eventually(() => isServed(served))
  })
})
