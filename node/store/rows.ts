/** The rows of a peer's store. Money is a bigint here and decimal text in the file. */

export type ChannelRole = 'client' | 'provider'

export interface ChannelRow {
  /** Raw TON address, workchain:hex. */
  readonly address: string
  readonly role: ChannelRole
  /** The state machine's own document; its owner validates it when it is read back. */
  readonly stateJson: string
  readonly updatedAtMs: number
}

export interface LeafRow {
  readonly leafIndex: number
  /** Exact bytes of a cocoon.v1.Receipt. */
  readonly receipt: Uint8Array
}

export interface CheckpointRow {
  readonly channel: string
  /** 32 hexadecimal digits. */
  readonly requestId: string
  /** Counts the checkpoints of one request from 0. */
  readonly ordinal: number
  readonly receipt: Uint8Array
}

export interface ReceiptRow {
  readonly id: string
  readonly channel: string
  readonly leafIndex: number
  readonly provider: string
  readonly model: string
  readonly promptTokens: number
  readonly cachedTokens: number
  readonly completionTokens: number
  readonly usedNano: bigint
  readonly finish: string
  /** Path of the receipt file. */
  readonly file: string
  readonly createdAtMs: number
}

/** Secrets of a request that only the client keeps: they open its own commitments. */
export interface AskRow {
  readonly requestId: string
  readonly channel: string
  /** 32 bytes each. */
  readonly requestSalt: Uint8Array
  readonly responseSalt: Uint8Array
}

export interface JobRow {
  readonly id: string
  readonly stateJson: string
  readonly updatedAtMs: number
}

/** What became of one line of a job; its text lies in the owner's results file, not here. */
export interface JobLineRow {
  readonly jobId: string
  readonly lineIndex: number
  readonly status: 'waiting' | 'running' | 'done' | 'failed'
  readonly receiptId: string | undefined
  readonly error: string | undefined
}

/** What became of one request, for `cocoon why`; its document is described in node/why/story.ts. */
export interface StoryRow {
  readonly id: string
  /** Other ids under which it is found. */
  readonly names: readonly string[]
  readonly createdAtMs: number
  readonly storyJson: string
}
