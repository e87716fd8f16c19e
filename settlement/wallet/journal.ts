/**
 * The message that a wallet has signed and not yet seen executed. It is on the disk before it is on the
 * wire, so that a restarted process finds out what became of it instead of paying a second time.
 */

export interface PendingMessage {
  readonly seqno: number
  /** Unix seconds, by the chain's clock: after them the message can never be executed. */
  readonly validUntilS: number
  /** Hash of the signed body, hexadecimal: finds its transaction. */
  readonly bodyHash: string
  /** What it does (digestOf), hexadecimal: tells a repeated send from a new one. */
  readonly digest: string
  /** The wallet's newest transaction before it: its own comes after. */
  readonly afterLt: bigint
  /** The signed external message; sending these bytes again can never pay twice. */
  readonly boc: Uint8Array
}

/** One message at most, of one wallet on one network. `write` and `clear` are durable when they return. */
export interface WalletJournal {
  read(): PendingMessage | undefined
  write(pending: PendingMessage): void
  clear(): void
}

/** Forgets with the process: for wallets of tests and of testnets without a folder. */
export function memoryJournal(): WalletJournal {
  let kept: PendingMessage | undefined
  return {
    read: () => kept,
    write(pending) {
      kept = pending
    },
    clear() {
      kept = undefined
    },
  }
}
