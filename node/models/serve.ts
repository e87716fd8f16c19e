/**
 * Hands out models over /cocoon/model/1. Nothing is sent that was not asked for by its hash, nothing
 * beyond the owner's caps, and no piece that the disk changed.
 */
import type { Logger } from 'pino'
import { toHex } from '#protocol/bytes.ts'
import type { SignedPublication } from '#protocol/model/publication.ts'
import type { MessageStream, Transport } from '#protocol/transport.ts'
import {
  PIECE_BLOCK_BYTES,
  SERVE_IDLE_MS,
  SERVE_REQUESTS_MAX,
  SERVE_STREAMS_MAX,
  SERVE_STREAMS_PER_PEER_MAX,
  SOURCE_BUSY_MS_MAX,
} from './constants.ts'
import {
  decodeRequest,
  encodeAnswer,
  encodeHashes,
  MODEL_PROTOCOL,
  type ModelAnswer,
  type ModelRequest,
  malformed,
} from './peer-messages.ts'
import { publicationBytesOf } from './publication-document.ts'
import type { SharedFile, SharedModel } from './shared-model.ts'
import type { UploadBudget } from './upload-budget.ts'

export interface ModelServing {
  readonly transport: Transport
  readonly models: readonly SharedModel[]
  /** Words of publishers on these models. */
  readonly publications: readonly SignedPublication[]
  readonly budget: UploadBudget
  readonly signal: AbortSignal
  readonly log: Logger
}

/** Answers until the signal aborts. */
export async function serveModels(serving: ModelServing): Promise<void> {
  const open = new Map<string, number>()
  let streams = 0
  await serving.transport.handle(MODEL_PROTOCOL, async (stream) => {
    const { peerId } = stream.remote
    const own = open.get(peerId) ?? 0
    if (streams >= SERVE_STREAMS_MAX || own >= SERVE_STREAMS_PER_PEER_MAX) {
      await timed(stream, () => stream.send(encodeAnswer(busy(SOURCE_BUSY_MS_MAX / 10))))
      return
    }
    streams += 1
    open.set(peerId, own + 1)
    try {
      await answerAll(stream, serving)
    } finally {
      streams -= 1
      const left = (open.get(peerId) ?? 1) - 1
      if (left > 0) open.set(peerId, left)
      else open.delete(peerId)
    }
  })
}

async function answerAll(stream: MessageStream, serving: ModelServing): Promise<void> {
  for (let count = 0; count < SERVE_REQUESTS_MAX; count += 1) {
    const message = await timed(stream, () => stream.receive())
    if (message === undefined || serving.signal.aborted) return
    const request = decodeRequest(message)
    if (request.kind === 'piece') {
      const file = fileOf(serving.models, request.pieces)
      await sendPiece(stream, file, request.index, serving)
      continue
    }
    await reply(stream, documentFor(serving, request))
  }
}

function documentFor(
  { models, publications }: ModelServing,
  request: Exclude<ModelRequest, { kind: 'piece' }>,
): ModelAnswer {
  switch (request.kind) {
    case 'manifest': {
      const rootHex = toHex(request.root)
      return found(models.find((one) => one.rootHex === rootHex)?.manifest)
    }
    case 'pieceHashes': {
      const file = fileOf(models, request.pieces)
      return found(file === undefined ? undefined : encodeHashes(file.hashes))
    }
    case 'publication': {
      const hex = toHex(request.publisher)
      const word = publications.find(
        ({ name, publisher }) => name === request.name && toHex(publisher) === hex,
      )
      return found(word === undefined ? undefined : publicationBytesOf(word))
    }
  }
}

const found = (content: Uint8Array | undefined): ModelAnswer =>
  content === undefined ? { kind: 'absent' } : { kind: 'found', content }

function fileOf(models: readonly SharedModel[], pieces: Uint8Array): SharedFile | undefined {
  const hex = toHex(pieces)
  return models.map(({ files }) => files.get(hex)).find((file) => file !== undefined)
}

async function sendPiece(
  stream: MessageStream,
  file: SharedFile | undefined,
  index: number,
  { budget, signal, log }: ModelServing,
): Promise<void> {
  const bytes = await file?.piece(index)
  if (bytes === undefined) {
    if (file?.hashes[index] !== undefined) {
      log.warn({ file: file.path }, 'a file of the model changed on the disk: it is not handed out')
    }
    return reply(stream, { kind: 'absent' })
  }
  if (!budget.reserve(bytes.length)) return reply(stream, busy(budget.msUntilTomorrow()))
  await reply(stream, { kind: 'found', content: new Uint8Array(0) })
  for (let at = 0; at < bytes.length; at += PIECE_BLOCK_BYTES) {
    const block = bytes.subarray(at, at + PIECE_BLOCK_BYTES)
    await budget.pace(block.length, signal)
    await timed(stream, () => stream.send(block))
  }
}

const busy = (retryAfterMs: number): ModelAnswer => ({ kind: 'busy', retryAfterMs })

function reply(stream: MessageStream, answer: ModelAnswer): Promise<void> {
  return timed(stream, () => stream.send(encodeAnswer(answer)))
}

/** A peer that stalls loses the stream: whatever waits on it rejects. */
async function timed<T>(stream: MessageStream, task: () => Promise<T>): Promise<T> {
  const timer = setTimeout(() => stream.abort(malformed('too slow')), SERVE_IDLE_MS)
  try {
    return await task()
  } finally {
    clearTimeout(timer)
  }
}
