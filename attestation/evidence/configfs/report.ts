/** Reports through configfs-tsm, one at a time, with attempts in fresh directories. */
import { CONFIGFS_ATTEMPTS_MAX, CONFIGFS_BACKOFF_MS } from '#attestation/evidence/constants.ts'
import { toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { attemptReport, type ReportRequest, type TsmReport } from './attempt.ts'
import { DiscardedError, impossible } from './failure.ts'
import type { ReportTree } from './tree.ts'

export interface TsmComponents {
  readonly tree: ReportTree
  readonly crypto: Pick<CryptoPort, 'randomBytes'>
  readonly sleep: (ms: number) => Promise<void>
}

/** One for the process: the quoting enclave serialises anyway, and two attempts only cost both EBUSY. */
let tail: Promise<unknown> = Promise.resolve()

/**
 * @throws RangeError when the report data is not 64 bytes
 * @throws UnavailableError QUOTE_UNAVAILABLE, saying what to do
 */
export function tsmReport(components: TsmComponents, request: ReportRequest): Promise<TsmReport> {
  if (request.reportData.length !== 64) throw new RangeError('report data is 64 bytes')
  const result = tail.then(() => attempts(components, request))
  tail = result.catch(() => undefined)
  return result
}

async function attempts(components: TsmComponents, request: ReportRequest): Promise<TsmReport> {
  const { tree, crypto, sleep } = components
  let last: DiscardedError | undefined
  for (let attempt = 0; attempt < CONFIGFS_ATTEMPTS_MAX; attempt += 1) {
    if (attempt > 0) await sleep(CONFIGFS_BACKOFF_MS * 2 ** (attempt - 1))
    try {
      return await attemptReport(tree, `cocoon-${toHex(crypto.randomBytes(8))}`, request)
    } catch (error) {
      if (!(error instanceof DiscardedError)) throw error
      last = error
    }
  }
  const reason = last?.errno === 'ETIMEDOUT' ? 'ETIMEDOUT' : (last?.message ?? '')
  return impossible(`${CONFIGFS_ATTEMPTS_MAX} attempts`, reason)
}
