/**
 * dstack's guest agent on its Unix socket. Whoever holds that socket can ask for any report data, which
 * is why a statement's hash starts with this protocol's own tag; mount it into no other container.
 */
import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { DSTACK_ANSWER_BYTES_MAX } from '#attestation/evidence/constants.ts'
import { type DstackQuote, dstackRequest, quoteFromDstack } from '#attestation/evidence/dstack.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { UnavailableError } from '#protocol/errors.ts'
import { DSTACK_TIMEOUT_MS } from './constants.ts'

/** Where the versions of dstack put it, newest first. */
const DSTACK_SOCKETS: readonly string[] = [
  '/var/run/dstack.sock',
  '/run/dstack.sock',
  '/var/run/dstack/dstack.sock',
  '/run/dstack/dstack.sock',
]

export function findDstackSocket(
  exists: (path: string) => boolean = existsSync,
): string | undefined {
  return DSTACK_SOCKETS.find(exists)
}

/**
 * @param reportData 64 bytes
 * @throws UnavailableError QUOTE_UNAVAILABLE
 */
export async function dstackQuote(
  crypto: Pick<CryptoPort, 'sha384'>,
  socketPath: string,
  reportData: Uint8Array,
  timeoutMs: number = DSTACK_TIMEOUT_MS,
): Promise<DstackQuote> {
  const answer = await post(socketPath, '/GetQuote', dstackRequest(reportData), timeoutMs)
  return quoteFromDstack(crypto, answer, reportData)
}

function post(socketPath: string, path: string, body: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string, cause?: unknown): void =>
      reject(
        new UnavailableError('QUOTE_UNAVAILABLE', `no quote from dstack's guest agent: ${reason}`, {
          cause,
          remedy: `Check that the guest agent listens on ${socketPath}.`,
        }),
      )
    const signal = AbortSignal.timeout(timeoutMs)
    const headers = { 'content-type': 'application/json', host: 'dstack' }
    const call = request({ socketPath, path, method: 'POST', headers, signal }, (response) => {
      const parts: Buffer[] = []
      let length = 0
      response.on('data', (part: Buffer) => {
        length += part.length
        parts.push(part)
        if (length > DSTACK_ANSWER_BYTES_MAX) call.destroy(new Error('too long an answer'))
      })
      response.on('error', (error) => fail('its answer broke off', error))
      response.on('end', () => {
        if (response.statusCode !== 200) return fail(`status ${response.statusCode}`)
        if (!response.complete) return fail('its answer broke off')
        resolve(Buffer.concat(parts).toString('utf8'))
      })
    })
    call.on('error', (error) =>
      fail(signal.aborted ? `no answer in ${timeoutMs} ms` : error.message, error),
    )
    call.end(body)
  })
}
