/**
 * What a WalletContractV5R1 is told: one external message with up to 255 internal ones in it. The wallet
 * id holds the network's global id, so that the same key has another address on another network and a
 * message for one is refused by the other.
 */
import {
  type Address,
  beginCell,
  type Cell,
  external,
  internal,
  type MessageRelaxed,
  SendMode,
  storeMessage,
  storeMessageRelaxed,
} from '@ton/core'
import { WalletContractV5R1 } from '@ton/ton'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import type { WalletMessage } from '../types.ts'

/** First 32 bits of everything that a V5R1 wallet's key signs for an external message. */
export const WALLET_SIGNED_TAG = WalletContractV5R1.OpCodes.auth_signed_external

/** The contract of a public key (Ed25519, 32 bytes) on one network. */
export function walletContract(publicKey: Uint8Array, globalId: number): WalletContractV5R1 {
  return WalletContractV5R1.create({
    publicKey: Buffer.from(publicKey),
    walletId: { networkGlobalId: globalId },
  })
}

export function walletAddress(publicKey: Uint8Array, globalId: number): Address {
  return walletContract(publicKey, globalId).address
}

export interface Transfer {
  readonly seqno: number
  /** Unix seconds; the wallet refuses the message after them. */
  readonly validUntilS: number
  readonly messages: readonly WalletMessage[]
}

/** The signed body. `sign` gets the cell over whose hash the signature goes. */
export function transferBody(
  contract: WalletContractV5R1,
  { seqno, validUntilS, messages }: Transfer,
  sign: (cell: Cell) => Promise<Uint8Array>,
): Promise<Cell> {
  return contract.createRequest({
    seqno,
    timeout: validUntilS,
    authType: 'external',
    actions: messages.map((message) => ({
      type: 'sendMsg' as const,
      mode: sendModeOf(message),
      outMsg: toInternal(message),
    })),
    signer: async (cell) => Buffer.from(await sign(cell)),
  })
}

/** Mode +2 is forced by the contract: what cannot be sent is skipped, and the seqno is used up. */
function sendModeOf({ isWholeBalance }: WalletMessage): number {
  const amount = isWholeBalance ? SendMode.CARRY_ALL_REMAINING_BALANCE : SendMode.PAY_GAS_SEPARATELY
  return amount | SendMode.IGNORE_ERRORS
}

/** The bytes for `sendBoc`; the very first message of a wallet brings its code. */
export function externalBoc(
  contract: WalletContractV5R1,
  body: Cell,
  isFirst: boolean,
): Uint8Array {
  const init = isFirst ? { init: contract.init } : {}
  const message = external({ to: contract.address, body, ...init })
  return new Uint8Array(beginCell().store(storeMessage(message)).endCell().toBoc())
}

/** A bounce brings the coins back when the operation fails; an empty transfer must just arrive. */
export function toInternal(message: WalletMessage): MessageRelaxed {
  return internal({
    to: message.to,
    value: message.valueNano,
    bounce: message.body.bits.length > 0,
    body: message.body,
    ...(message.stateInit === undefined ? {} : { init: message.stateInit }),
  })
}

/** SHA-256 of what a send does, whatever its seqno: two sends of one digest do the same. */
export function digestOf(crypto: CryptoPort, messages: readonly WalletMessage[]): Uint8Array {
  const parts = messages.map((message) => {
    const cell = beginCell()
      .store(storeMessageRelaxed(toInternal(message)))
      .endCell()
    return Buffer.concat([Buffer.from([sendModeOf(message)]), cell.hash()])
  })
  return crypto.sha256(Buffer.concat(parts))
}

/** The seqno in the body of an external message, when it is one of a V5R1 wallet. */
export function seqnoOfBody(body: Cell): number | undefined {
  const slice = body.beginParse()
  if (slice.remainingBits < 128 || slice.loadUint(32) !== WALLET_SIGNED_TAG) return undefined
  return slice.skip(64).loadUint(32)
}
