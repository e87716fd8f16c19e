/** Asks a running peer through its control socket. */
import { request } from 'node:http'
import { ProtocolError, UnavailableError } from '#protocol/errors.ts'
import { controlSocketPath } from './control-socket.ts'
import { type PeerStatus, peerStatusSchema } from './status-document.ts'

const ANSWER_TIMEOUT_MS = 5_000
const ANSWER_BYTES_MAX = 1_048_576

export interface AnswerBounds {
  readonly bytesMax: number
  readonly timeoutMs: number
}

const STATUS_BOUNDS: AnswerBounds = { bytesMax: ANSWER_BYTES_MAX, timeoutMs: ANSWER_TIMEOUT_MS }

/** @throws UnavailableError PEER_NOT_RUNNING; ProtocolError CONTROL_ANSWER */
export async function askStatus(dataDir: string): Promise<PeerStatus> {
  return parseStatus(await askControl(dataDir, 'GET', '/status'))
}

/** Returns its last words: it goes on to run until its work is done. @throws as `askStatus` */
export async function askDrain(dataDir: string): Promise<PeerStatus> {
  return parseStatus(await askControl(dataDir, 'POST', '/drain'))
}

/**
 * The body of one answer.
 * @throws UnavailableError PEER_NOT_RUNNING when nobody listens
 * @throws ProtocolError CONTROL_ANSWER for anything but an answer
 */
export function askControl(
  dataDir: string,
  method: 'GET' | 'POST',
  url: string,
  { bytesMax, timeoutMs }: AnswerBounds = STATUS_BOUNDS,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socketPath = controlSocketPath(dataDir)
  const asked = request(
    { socketPath, method, path: url, timeout: timeoutMs, headers: { host: 'localhost' } },
    (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        body += part
        if (body.length > bytesMax) asked.destroy(new Error('too long'))
      })
      response.on('end', () => {
        if ((response.statusCode ?? 500) < 300) resolve(body)
        else reject(badAnswer(`status ${response.statusCode}`))
      })
    },
  )
  asked.on('timeout', () => asked.destroy(new Error('no answer')))
  asked.on('error', (cause) => {
    reject(
      new UnavailableError('PEER_NOT_RUNNING', `no peer answers in ${dataDir}`, {
        cause,
        remedy: 'Start it with `cocoon up` or `cocoon client`, or name its folder with --data.',
      }),
    )
  })
  asked.end()
  return promise
}

function parseStatus(body: string): PeerStatus {
  try {
    return peerStatusSchema.parse(JSON.parse(body))
  } catch (cause) {
    throw badAnswer('not a status', cause)
  }
}

function badAnswer(why: string, cause?: unknown): ProtocolError {
  return new ProtocolError('CONTROL_ANSWER', `the running peer gave no usable answer: ${why}`, {
    cause,
    remedy: 'Its version may differ from this one: restart it.',
  })
}
