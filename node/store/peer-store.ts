/**
 * What a peer must not lose. Every method is synchronous and durable: when it returns outside of a
 * transaction, the row is on the disk. Prompts and answers are never stored here.
 */
import type {
  AskRow,
  ChannelRole,
  ChannelRow,
  CheckpointRow,
  JobLineRow,
  JobRow,
  LeafRow,
  ReceiptRow,
  StoryRow,
} from './rows.ts'

export interface MetaStore {
  meta(key: string): string | undefined
  setMeta(key: string, value: string): void
  eraseMeta(key: string): void
}

export interface ChannelStore {
  /** Inserts or replaces. */
  saveChannel(row: ChannelRow): void
  loadChannels(role?: ChannelRole): readonly ChannelRow[]
  /**
   * Leaves are appended in order and never changed.
   * @throws SettlementError LEAF_OUT_OF_ORDER when `leafIndex` is not the number of stored leaves
   */
  appendLeaf(channel: string, leafIndex: number, receipt: Uint8Array): void
  /** In index order, from `fromIndex` on. */
  leaves(channel: string, fromIndex?: number): readonly LeafRow[]
  leafCount(channel: string): number
  /** Inserts or replaces. */
  addCheckpoint(row: CheckpointRow): void
  /** In ordinal order. */
  checkpoints(channel: string, requestId: string): readonly CheckpointRow[]
  /** The last checkpoint of every request that has any. */
  lastCheckpoints(channel: string): readonly CheckpointRow[]
  dropCheckpoints(channel: string, requestId: string): void
}

export interface ReceiptStore {
  /** Inserts or replaces. */
  addReceipt(row: ReceiptRow): void
  /** Newest first, LIST_ROWS_MAX at most. */
  receipts(): readonly ReceiptRow[]
  receipt(id: string): ReceiptRow | undefined
  /** Forgets the entry of the list; what is owed is in the leaves of the channel and stays. */
  eraseReceipt(id: string): void
}

export interface AskStore {
  saveAsk(row: AskRow): void
  ask(requestId: string): AskRow | undefined
  /** Ids of all requests whose secrets are kept. */
  askIds(): readonly string[]
  eraseAsk(requestId: string): void
}

export interface JobStore {
  /** Inserts or replaces. */
  saveJob(row: JobRow): void
  /** Newest first, LIST_ROWS_MAX at most. */
  jobs(): readonly JobRow[]
  job(id: string): JobRow | undefined
  /** Inserts or replaces. */
  saveJobLine(row: JobLineRow): void
  /** In line order. */
  jobLines(jobId: string): readonly JobLineRow[]
  /** With its lines. */
  eraseJob(id: string): void
}

export interface StoryStore {
  /** Inserts or replaces; the oldest beyond STORIES_MAX are dropped. */
  saveStory(row: StoryRow): void
  /** By its own id or one of its names. */
  story(idOrName: string): StoryRow | undefined
  /** Newest first. */
  stories(): readonly StoryRow[]
  eraseStory(id: string): void
}

export interface PeerStore
  extends MetaStore,
    ChannelStore,
    ReceiptStore,
    AskStore,
    JobStore,
    StoryStore {
  /** All or nothing; a throw rolls back and is thrown on. An inner transaction joins the outer. */
  transaction<T>(work: () => T): T
  /**
   * Runs a synchronous work in a transaction that all works of this turn of the event loop share, and
   * resolves after its commit: with many channels one sync keeps many of them. A work that throws is
   * rolled back alone, so it changes memory only in its last step. After a commit that failed the store
   * takes no further work.
   * @throws UnavailableError STORE_BUSY, STORE_FULL, STORE_IO, STORE_CLOSED
   */
  group<T>(work: () => T): Promise<T>
  /** Idempotent; commits what waits. Afterwards every method throws UnavailableError STORE_CLOSED. */
  close(): void
}
