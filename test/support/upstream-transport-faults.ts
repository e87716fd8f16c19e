/** Ways in which a server can fail below its answers: silence, floods, cut connections, broken HTTP. */
import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'

/** Instead of a response, or as one that is none. */
const RESPONSES = {
  redirect: (response) =>
    response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' }).end(),
  'too-many-requests': (response) => response.writeHead(429, { 'retry-after': '7' }).end('{}'),
  'too-many-requests-no-hint': (response) => response.writeHead(429).end('{}'),
  'too-many-requests-absurd-hint': (response) =>
    response.writeHead(429, { 'retry-after': '999999999' }).end('{}'),
  'too-many-requests-dated-hint': (response) =>
    response.writeHead(503, { 'retry-after': 'Fri, 31 Dec 2999 23:59:59 GMT' }).end('{}'),
  'internal-error': (response) => response.writeHead(500).end('a prompt, quoted back'),
  'bad-gateway': (response) => response.writeHead(502, { 'retry-after': '7' }).end(),
  'endless-refusal': (response) => {
    response.writeHead(500)
    pour(response, 'x'.repeat(65_536))
  },
  'page-of-a-proxy': (response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Please log in</html>'),
  'giant-header': (response) =>
    response.writeHead(200, { 'x-giant': 'x'.repeat(1_048_576) }).end('data: [DONE]\n\n'),
  'no-http': (response) => void response.socket?.end('SSH-2.0-OpenSSH_9.6\r\n'),
  'early-hints': (response) => {
    const { socket } = response
    const hint = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'
    const timer = setInterval(() => socket?.write(hint), 5)
    socket?.once('close', () => clearInterval(timer))
  },
  'silent-headers': () => undefined,
  'gzip-bomb': (response) => {
    const headers = { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }
    response.writeHead(200, headers).end(BOMB)
  },
} satisfies Record<string, (response: ServerResponse) => unknown>

/** 64 MiB of one line in 64 KiB. */
const BOMB = gzipSync(Buffer.concat([Buffer.from('data: '), Buffer.alloc(64 * 1_048_576, 'x')]))

/** Instead of an answer, behind good headers. */
const STREAMS = {
  'silent-before': () => undefined,
  'not-json': (response) => response.write('data: {"choices": [\n\n'),
  'error-event': (response) =>
    response.end('data: {"error": {"message": "a prompt, quoted back", "code": 500}}\n\n'),
  'not-utf8': (response) =>
    response.end(Buffer.concat([Buffer.from('data: {"model": "'), Buffer.of(0xc3, 0x28, 10, 10)])),
  'huge-line': (response) => {
    response.write('data: ')
    pour(response, 'x'.repeat(65_536))
  },
  'event-without-end': (response) => pour(response, `data: ${'x'.repeat(1_024)}\n`.repeat(64)),
  flood: (response) => pour(response, ': noise\n\n'.repeat(8_192)),
  'comments-only': (response) => drip(response, ': ping\n\n'),
  'empty-events': (response) => drip(response, 'data: {"model":"simulated","choices":[]}\n\n'),
  'drips-one-line': (response) => drip(response, 'x'),
} satisfies Record<string, (response: ServerResponse) => unknown>

/** Instead of every document about the server itself. */
const DOCUMENTS = {
  'documents-endless': (response) => pour(response, ' '.repeat(65_536)),
  'documents-drip': (response) => drip(response, ' '),
  'documents-bomb': (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(BOMB),
  'documents-nested': (response) => response.end('['.repeat(500_000)),
  'documents-no-text': (response) => response.end(Buffer.of(0xff, 0xfe, 0x00)),
} satisfies Record<string, (response: ServerResponse) => unknown>

export type TransportFault = keyof typeof RESPONSES | keyof typeof STREAMS | keyof typeof DOCUMENTS

/** True when nothing else is to be said. */
export function breakResponse(fault: string | undefined, response: ServerResponse): boolean {
  return misbehave(RESPONSES, fault, response)
}

export function breakStream(fault: string | undefined, response: ServerResponse): boolean {
  return misbehave(STREAMS, fault, response)
}

export function breakDocument(fault: string | undefined, response: ServerResponse): boolean {
  return misbehave(DOCUMENTS, fault, response)
}

function misbehave(
  faults: Readonly<Record<string, (response: ServerResponse) => unknown>>,
  fault: string | undefined,
  response: ServerResponse,
): boolean {
  const act = fault === undefined ? undefined : faults[fault]
  act?.(response)
  return act !== undefined
}

/** As fast as it is read, for ever. */
function pour(response: ServerResponse, piece: string): void {
  const write = () => {
    while (!response.destroyed && response.write(piece)) {
      // Until the socket is full.
    }
  }
  response.on('drain', write)
  write()
}

/** A little now and then, for ever. */
function drip(response: ServerResponse, piece: string): void {
  const timer = setInterval(() => response.write(piece), 5)
  response.once('close', () => clearInterval(timer))
}
