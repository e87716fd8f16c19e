/** How the chain says no to an external message. */
import type { Message } from '@ton/core'
import { UnavailableError } from '#protocol/errors.ts'
import { refusalCode } from './executor.ts'

const REMEDY = 'Check the seqno, the expiry and the balance of the wallet, then sign again.'

/** In the words that toncenter passes on from a lite server. */
export function externalRejected(message: Message, cause: unknown): UnavailableError {
  const exitCode = refusalCode(cause)
  const { dest } = message.info
  const account = dest && 'workChain' in dest ? dest.hash.toString('hex').toUpperCase() : ''
  const ran =
    exitCode === undefined
      ? ''
      : `\nCannot run message on account: inbound external message rejected by account ${account}:\nexitcode=${exitCode}`
  return new UnavailableError(
    'EXTERNAL_REJECTED',
    `LITE_SERVER_UNKNOWN: cannot apply external message to current state : External message was not accepted${ran}`,
    {
      remedy: REMEDY,
      cause,
      ...(exitCode === undefined ? {} : { data: { exitCode } }),
    },
  )
}

export function notExternal(): UnavailableError {
  return new UnavailableError(
    'EXTERNAL_REJECTED',
    'LITE_SERVER_UNKNOWN: cannot apply external message to current state : it is no external message',
    { remedy: REMEDY },
  )
}
