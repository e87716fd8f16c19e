/**
 * The transcript of an auction: with it anyone checks the award, and a bidder that was left out proves
 * it with its signed acknowledgement.
 */
import { equal, toHex } from '../bytes.ts'
import type { CryptoPort } from '../crypto/port.ts'
import type { SignedRecord } from '../wire/gen/cocoon_pb.ts'
import { chooseBid } from './auction.ts'
import {
  checkBidFits,
  type OpenedAward,
  type OpenedBid,
  type OpenedClose,
  type OpenedJob,
  openAcknowledgement,
  openAward,
  openBid,
  openClose,
  openJob,
} from './job.ts'
import { RecordRefusedError } from './records.ts'

export interface Transcript {
  readonly job: SignedRecord
  readonly bids: readonly SignedRecord[]
  readonly acknowledgements: readonly SignedRecord[]
  readonly award: SignedRecord | undefined
  readonly close: SignedRecord
}

export type TranscriptFault =
  /** A record does not verify or does not belong to this job. */
  | 'bad-record'
  /** The close names a bid that the transcript does not contain. */
  | 'bid-missing'
  /** An acknowledged bid is not in the close: the client left it out. */
  | 'left-out'
  /** A listed bid breaks the job's own terms. */
  | 'unfit-bid'
  /** Award and close name different winners, or one is missing. */
  | 'winner-differs'
  /** A better bid was listed than the one that won. */
  | 'not-the-best'

export interface TranscriptFinding {
  readonly fault: TranscriptFault
  readonly detail: string
}

export interface TranscriptCheck {
  readonly ok: boolean
  readonly findings: readonly TranscriptFinding[]
  /** Hexadecimal identity key of the winner, when there is one. */
  readonly winner: string | undefined
}

/**
 * Checks a whole transcript offline. The winner must be the best listed bid that had not expired at
 * awarded_at_ms; every acknowledged bid must be listed.
 * @param globalId the reader's own network
 */
export function checkTranscript(
  crypto: CryptoPort,
  transcript: Transcript,
  globalId: number,
): TranscriptCheck {
  const findings: TranscriptFinding[] = []
  const report = (fault: TranscriptFault, detail: string) => findings.push({ fault, detail })
  const opened = openAll(crypto, transcript, globalId, (detail) => report('bad-record', detail))
  if (opened === undefined) return { ok: false, findings, winner: undefined }
  const { job, close, award } = opened
  const bids = new Map(opened.bids.map((bid) => [toHex(bid.hash), bid]))
  const listed = new Set(close.contents.bidHashes.map(toHex))
  for (const name of listed) if (!bids.has(name)) report('bid-missing', name)
  for (const name of opened.acknowledged) if (!listed.has(name)) report('left-out', name)
  const counting = [...listed].flatMap((name) => bids.get(name) ?? [])
  for (const bid of counting) {
    const misfit = attempt(() => checkBidFits(job, bid.contents))
    if (misfit !== undefined) report('unfit-bid', `${toHex(bid.hash)}: ${misfit}`)
  }
  checkWinner(close, award, counting, report)
  const winner = award === undefined ? undefined : bids.get(toHex(award.contents.bidHash))
  return { ok: findings.length === 0, findings, winner: winner && toHex(winner.signer) }
}

function checkWinner(
  close: OpenedClose,
  award: OpenedAward | undefined,
  counting: readonly OpenedBid[],
  report: (fault: TranscriptFault, detail: string) => void,
): void {
  const { winningBidHash } = close.contents
  if (award === undefined || winningBidHash === undefined) {
    if (award !== undefined || winningBidHash !== undefined)
      report('winner-differs', 'one is missing')
    return
  }
  if (!equal(award.contents.bidHash, winningBidHash)) {
    report(
      'winner-differs',
      `award ${toHex(award.contents.bidHash)}, close ${toHex(winningBidHash)}`,
    )
  }
  const best = chooseBid(counting, award.contents.awardedAtMs)
  if (best === undefined || !equal(best.hash, winningBidHash)) {
    report('not-the-best', best === undefined ? 'no bid was valid' : toHex(best.hash))
  }
}

interface OpenedTranscript {
  readonly job: OpenedJob
  readonly bids: readonly OpenedBid[]
  readonly acknowledged: readonly string[]
  readonly award: OpenedAward | undefined
  readonly close: OpenedClose
}

/** Opens every record at the time it was made; undefined when job, award or close is unusable. */
function openAll(
  crypto: CryptoPort,
  transcript: Transcript,
  globalId: number,
  onBad: (detail: string) => void,
): OpenedTranscript | undefined {
  const tryOpen = <T>(what: string, open: () => T): T | undefined => {
    let result: T | undefined
    const refusal = attempt(() => {
      result = open()
    })
    if (refusal !== undefined) onBad(`${what}: ${refusal}`)
    return result
  }
  // A transcript is read long after its records expired: time is not what is judged here.
  const past = { globalId, nowMs: undefined }
  const job = tryOpen('job', () => openJob(crypto, transcript.job, past))
  const close = tryOpen('close', () => openClose(crypto, transcript.close))
  const { award: awardRecord } = transcript
  const award = awardRecord && tryOpen('award', () => openAward(crypto, awardRecord))
  if (job === undefined || close === undefined) return undefined
  if (awardRecord !== undefined && award === undefined) return undefined
  for (const own of award === undefined ? [close] : [close, award]) {
    if (!equal(own.signer, job.signer) || !equal(own.contents.jobId, job.hash)) {
      onBad('award or close of another job')
      return undefined
    }
  }
  const bids = transcript.bids.flatMap(
    (record) => tryOpen('bid', () => openBid(crypto, record, past)) ?? [],
  )
  const acknowledged = transcript.acknowledgements.flatMap((record) => {
    const ack = tryOpen('acknowledgement', () => openAcknowledgement(crypto, record))
    if (ack === undefined) return []
    if (equal(ack.signer, job.signer) && equal(ack.contents.jobId, job.hash)) {
      return [toHex(ack.contents.bidHash)]
    }
    onBad('acknowledgement of another job')
    return []
  })
  return { job, bids, acknowledged, award, close }
}

/** Why the record was refused, or undefined when it was not. */
function attempt(action: () => void): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (error instanceof RecordRefusedError) return error.message
    throw error
  }
}
