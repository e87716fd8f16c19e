/**
 * A wallet key in another program: a hardware wallet, a vault, a person who looks. The program is started
 * for each signature, gets one line of JSON, and answers with one line (docs/spec/settlement.md). What is
 * signed comes decoded and as the very cell, so that the signer can check one against the other.
 */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { beginCell, storeMessageRelaxed } from '@ton/core'
import { z } from 'zod'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { SettlementError, UnavailableError } from '#protocol/errors.ts'
import { toInternal } from '#settlement/wallet/body.ts'
import {
  requireWalletCell,
  type SigningRequest,
  type WalletSigner,
} from '#settlement/wallet/signer.ts'
import { SIGNER_ANSWER_BYTES_MAX, SIGNER_TIMEOUT_S } from './constants.ts'

const answerSchema = z.union([
  z.strictObject({ id: z.string(), signature: z.string().regex(/^[0-9a-f]{128}$/) }),
  z.strictObject({ id: z.string(), publicKey: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.strictObject({ id: z.string(), error: z.string().max(512) }),
])

type Answer = z.output<typeof answerSchema>

export interface ExternalSignerOptions {
  readonly crypto: CryptoPort
  /** Program and arguments. */
  readonly command: readonly string[]
  readonly timeoutS?: number
}

/** Asks a signer for its public key, hexadecimal. @throws as `sign` of the signer */
export async function askPublicKey(
  options: Omit<ExternalSignerOptions, 'crypto'>,
): Promise<string> {
  const answer = await ask(options, { action: 'public-key' })
  if ('publicKey' in answer) return answer.publicKey
  throw unusable('it named no public key')
}

/**
 * Never asks twice for one message: a signature that came too late is of a message that nobody sends.
 * @throws SettlementError SIGNER_REFUSED
 * @throws UnavailableError SIGNER_FAILED: not started, too slow, too long, or not its key's signature
 */
export function externalSigner(
  { crypto, command, timeoutS = SIGNER_TIMEOUT_S }: ExternalSignerOptions,
  publicKey: Uint8Array,
): WalletSigner {
  return {
    publicKey,
    waitS: timeoutS,
    async sign(request, signal) {
      requireWalletCell(request.cell)
      const asked = { action: 'sign', ...signingDocument(request, publicKey) }
      const answer = await ask({ command, timeoutS }, asked, signal)
      if (!('signature' in answer)) throw unusable('it gave no signature')
      const signature = new Uint8Array(Buffer.from(answer.signature, 'hex'))
      const hash = new Uint8Array(request.cell.hash())
      if (crypto.ed25519Verify(publicKey, hash, signature)) return signature
      throw unusable('its signature is not of this message by this key')
    },
  }
}

function signingDocument(request: SigningRequest, publicKey: Uint8Array) {
  const { wallet, globalId, seqno, validUntilS, messages, cell } = request
  return {
    publicKey: Buffer.from(publicKey).toString('hex'),
    wallet: wallet.toRawString(),
    ...{ globalId, seqno, validUntilS },
    transfers: messages.map((message) => ({
      to: message.to.toRawString(),
      valueNano: message.isWholeBalance ? 'all' : `${message.valueNano}`,
      deploys: message.stateInit !== undefined,
      ...(message.deposit === undefined
        ? {}
        : {
            depositNano: `${message.deposit.amountNano}`,
            provider: message.deposit.provider.toRawString(),
          }),
      // The whole internal message, so that nothing in it is hidden.
      message: beginCell()
        .store(storeMessageRelaxed(toInternal(message)))
        .endCell()
        .toBoc()
        .toString('base64'),
    })),
    cell: cell.toBoc().toString('base64'),
    hash: cell.hash().toString('hex'),
  }
}

async function ask(
  { command, timeoutS = SIGNER_TIMEOUT_S }: Omit<ExternalSignerOptions, 'crypto'>,
  question: Readonly<Record<string, unknown>>,
  signal?: AbortSignal,
): Promise<Answer> {
  const id = randomUUID()
  const line = JSON.stringify({ format: 'cocoon-signer/1', id, ...question })
  const text = await run(command, `${line}\n`, timeoutS, signal)
  const parsed = answerSchema.safeParse(jsonOf(text))
  if (!parsed.success || parsed.data.id !== id) throw unusable('it gave no usable answer')
  if ('error' in parsed.data) {
    throw new SettlementError(
      'SIGNER_REFUSED',
      `the signer refused: ${printable(parsed.data.error)}`,
      {
        remedy: 'Nothing was sent. Look at what the signer allows, then try again.',
      },
    )
  }
  return parsed.data
}

/** Its standard output; what it says on standard error is shown to the person, as a prompt may be. */
function run(
  [program = '', ...words]: readonly string[],
  input: string,
  timeoutS: number,
  signal?: AbortSignal,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const child = spawn(program, words, {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: timeoutS * 1_000,
    killSignal: 'SIGKILL',
    ...(signal === undefined ? {} : { signal }),
  })
  let output = ''
  child.on('error', (cause) =>
    reject(signal?.aborted ? cause : unusable('it did not start', cause)),
  )
  child.stdin.on('error', () => undefined)
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part
    if (output.length > SIGNER_ANSWER_BYTES_MAX) child.kill('SIGKILL')
  })
  child.on('close', (code, killed) => {
    if (output.length > SIGNER_ANSWER_BYTES_MAX) reject(unusable('it answered too much'))
    else if (killed !== null) reject(unusable(`it gave no answer in ${timeoutS} s`))
    else if (code !== 0) reject(unusable(`it ended with code ${code}`))
    else resolve(output)
  })
  child.stdin.end(input)
  return promise
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The signer's own words reach a terminal: nothing in them may move its cursor. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?')

function unusable(why: string, cause?: unknown): UnavailableError {
  return new UnavailableError('SIGNER_FAILED', `the wallet's signer failed: ${why}`, {
    remedy: 'Nothing was sent. Run its command by hand; docs/spec/settlement.md has the protocol.',
    ...(cause === undefined ? {} : { cause }),
  })
}
