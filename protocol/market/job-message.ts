/** What travels on the job topics and over /cocoon/job/1: one of the five signed records. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { CryptoPort } from '../crypto/port.ts'
import { type JobMessage, JobMessageSchema, type SignedRecord } from '../wire/gen/cocoon_pb.ts'
import { JOB_CLOSE_BYTES_MAX } from './constants.ts'
import type { ReceiveContext } from './fields.ts'
import {
  type OpenedAcknowledgement,
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
import { refuse } from './records.ts'

export type JobMessageKind = NonNullable<JobMessage['kind']['case']>

export type OpenedJobMessage =
  | { readonly kind: 'job'; readonly job: OpenedJob }
  | { readonly kind: 'bid'; readonly bid: OpenedBid }
  | { readonly kind: 'acknowledgement'; readonly acknowledgement: OpenedAcknowledgement }
  | { readonly kind: 'award'; readonly award: OpenedAward }
  | { readonly kind: 'close'; readonly close: OpenedClose }

/** The envelope adds at most this to the record inside it. */
const ENVELOPE_BYTES_MAX = 8

export function encodeJobMessage(kind: JobMessageKind, record: SignedRecord): Uint8Array {
  return toBinary(
    JobMessageSchema,
    create(JobMessageSchema, { kind: { case: kind, value: record } }),
  )
}

/**
 * Opens a gossiped message on its own, without knowing the job it belongs to.
 * @throws RecordRefusedError with the reason
 */
export function openJobMessage(
  crypto: CryptoPort,
  bytes: Uint8Array,
  context: ReceiveContext,
): OpenedJobMessage {
  if (bytes.length > JOB_CLOSE_BYTES_MAX + ENVELOPE_BYTES_MAX) refuse('too-large', 'job message')
  const { kind } = parse(bytes)
  switch (kind.case) {
    case 'job':
      return { kind: 'job', job: openJob(crypto, kind.value, context) }
    case 'bid':
      return { kind: 'bid', bid: openBid(crypto, kind.value, context) }
    case 'acknowledgement':
      return { kind: kind.case, acknowledgement: openAcknowledgement(crypto, kind.value) }
    case 'award':
      return { kind: 'award', award: openAward(crypto, kind.value) }
    case 'close':
      return { kind: 'close', close: openClose(crypto, kind.value) }
    default:
      return refuse('malformed', 'empty job message')
  }
}

function parse(bytes: Uint8Array): JobMessage {
  try {
    return fromBinary(JobMessageSchema, bytes, { readUnknownFields: false })
  } catch {
    return refuse('malformed', 'not a JobMessage')
  }
}
