/** Receipt files: written when a voucher covers the leaf, listed in the store, never overwritten. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AttestationPolicy, policyDigest } from '#attestation/policy/policy.ts'
import { storageError } from '#node/store/failures.ts'
import type { PeerStore } from '#node/store/peer-store.ts'
import { toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { asCocoonError } from '#protocol/errors.ts'
import {
  decodeReceiptBody,
  decodeReceiptFile,
  encodeReceiptFile,
  type ReceiptBody,
  type ReceiptFile,
  receiptId,
  type SignedReceipt,
} from '#protocol/receipt.ts'
import { encodeTerms } from '#settlement/cells.ts'
import type { EmitEvent } from '../events.ts'
import type { AppendedReceipt, ClientDesk } from './channel-desk.ts'
import type { ClientSession } from './session.ts'

export interface ReceiptFilesComponents {
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly store: PeerStore
  readonly policy: AttestationPolicy
  readonly dataDir: string
  readonly emit: EmitEvent
  /** Name of a model by its root. */
  readonly modelName: (rootHex: string) => string
}

export class ReceiptFiles {
  readonly #parts: ReceiptFilesComponents
  readonly #folder: string

  constructor(parts: ReceiptFilesComponents) {
    this.#parts = parts
    this.#folder = join(parts.dataDir, 'receipts')
    mkdirSync(join(this.#folder, OPEN_FOLDER), { recursive: true, mode: 0o700 })
  }

  fileOf(id: string): string {
    return join(this.#folder, `${id.slice(0, 32)}.cocoon-receipt`)
  }

  /** Writes the files of receipts that joined the tree in this session. */
  write(session: ClientSession, appended: readonly AppendedReceipt[]): void {
    for (const one of appended) this.#writeOne(session, one)
  }

  /** New proofs under the channel's last voucher: its root is the one that stays on the chain. */
  refresh(desk: ClientDesk): void {
    const { store } = this.#parts
    for (const row of store.receipts().filter((one) => one.channel === desk.address)) {
      const acknowledgement = desk.proof(row.leafIndex)
      if (acknowledgement === undefined || !existsSync(row.file)) continue
      try {
        const file = decodeReceiptFile(readFileSync(row.file))
        writeWhole(row.file, encodeReceiptFile({ ...file, acknowledgement }))
      } catch (thrown) {
        const { code, message } = asCocoonError(thrown)
        this.#parts.emit({ kind: 'warning', code, message: `${row.file}: ${message}` })
      }
    }
  }

  /**
   * Keeps the evidence of a request with its first checkpoint: should the session die, the receipt that
   * both sides agree on when they meet again can still be verified by anyone.
   */
  begin(session: ClientSession, receipt: SignedReceipt): void {
    const { requestId } = decodeReceiptBody(receipt.body)
    writeWhole(this.#openFile(requestId), encodeReceiptFile(this.#fileOf(session, receipt)))
  }

  #writeOne(session: ClientSession, { leafIndex, receipt }: AppendedReceipt): void {
    const { crypto } = this.#parts
    const { desk, provider } = session
    const id = receiptId(crypto, receipt)
    const body = decodeReceiptBody(receipt.body)
    const begun = this.#openFile(body.requestId)
    const template = existsSync(begun)
      ? decodeReceiptFile(readFileSync(begun))
      : this.#fileOf(session, receipt)
    const acknowledgement = desk.proof(leafIndex)
    const file = this.fileOf(id)
    const proven = acknowledgement === undefined ? {} : { acknowledgement }
    writeWhole(file, encodeReceiptFile({ ...template, receipt, ...proven }))
    rmSync(begun, { force: true })
    this.#list(id, body, file, provider.core.identityKey)
  }

  #fileOf(session: ClientSession, receipt: SignedReceipt): ReceiptFile {
    const { crypto, policy } = this.#parts
    const { desk, provider, delegate, signedPriceQuote } = session
    return {
      receipt,
      evidence: provider.evidence,
      // An epoch quote answers no nonce.
      clientNonce:
        provider.evidence.mode === 'challenge' ? provider.clientNonce : new Uint8Array(0),
      delegate,
      priceQuote: signedPriceQuote,
      termsBoc: encodeTerms(desk.state.terms),
      policyDigest: policyDigest(crypto, policy),
    }
  }

  #list(id: string, body: ReceiptBody, file: string, identityKey: Uint8Array): void {
    const { clock, store, emit, modelName } = this.#parts
    const { channel, leafIndex, usedNano, finish } = body
    store.addReceipt({
      id,
      channel,
      leafIndex,
      provider: toHex(identityKey),
      model: modelName(toHex(body.modelRoot)),
      promptTokens: body.promptTokens,
      cachedTokens: body.cachedTokens,
      completionTokens: body.completionTokens,
      usedNano,
      finish,
      file,
      createdAtMs: clock.nowMs(),
    })
    emit({ kind: 'receipt', id, channel, leafIndex, usedNano: `${usedNano}`, finish })
  }

  #openFile(requestId: Uint8Array): string {
    return join(this.#folder, OPEN_FOLDER, toHex(requestId))
  }
}

/** Receipts of requests that still run lie here; one that is left belongs to a session that died. */
const OPEN_FOLDER = 'open'

/** A reader never sees half a file. */
function writeWhole(file: string, bytes: Uint8Array): void {
  const temporary = `${file}.tmp`
  try {
    writeFileSync(temporary, bytes, { mode: 0o600, flush: true })
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw storageError(error, file)
  }
}
