/** What a provider tells its owner of the batch market: jobs seen, bids, awards, and why it lost. */
import type { JobWorkerEvent } from '#node/market/job-worker.ts'
import { toHex } from '#protocol/bytes.ts'
import type { EmitEvent } from '../events.ts'

export function marketEvents(emit: EmitEvent): (event: JobWorkerEvent) => void {
  return (event) => {
    const jobId = toHex(event.job.hash)
    switch (event.kind) {
      case 'bid':
        emit({
          kind: 'job',
          jobId,
          action: 'bid',
          detail: `${event.bid.contents.priceNano} nanoTON`,
        })
        break
      case 'awarded':
        emit({ kind: 'job', jobId, action: 'awarded', detail: 'this provider won' })
        break
      case 'left-out':
        emit({ kind: 'warning', code: 'BID_LEFT_OUT', message: `job ${jobId} left out our bid` })
        break
      default:
        break
    }
  }
}
