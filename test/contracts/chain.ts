/**
 * What a TON network must do for this project, whichever network it is: the embedded chain in CI, a public testnet
 * by one flag. Everything goes through its HTTP API with one funded wallet; steps that need a chain whose time can
 * be moved are skipped by name on one whose time cannot.
 */
import { beginCell, external, storeMessage } from '@ton/core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { signCell } from '#settlement/cells/signed.ts'
import { channelAddress } from '#settlement/cells/terms.ts'
import { closeAuthCell, voucherCell } from '#settlement/cells/voucher.ts'
import { callChain } from '#settlement/chain/access.ts'
import type { ChainReader, ChannelTerms, Voucher, Wallet } from '#settlement/types.ts'
import { walletAddress } from '#settlement/wallet/body.ts'
import {
  claimMessage,
  coopCloseMessage,
  destroyMessage,
  finishMessage,
  startCloseMessage,
  topUpMessage,
} from '#settlement/wallet/messages.ts'
import type { ChainTarget } from '../support/chain-target.ts'
import { eventually } from '../support/eventually.ts'
import { testChainReader } from './chain-reader.ts'

const TON = 1_000_000_000n
/** What the whole suite may need at a time; most of it comes back. */
const NEEDED_NANO = TON
const DEPOSIT_NANO = TON / 5n
const CLAIMED_NANO = TON / 20n
const LOST_NANO_MAX = TON / 50n
const CLOSE_DELAY_S = 20
const LIFE_S = 900
const RECENT_S = 120
/** A public network makes a block in seconds and is asked at its own pace. */
const STEP_MS = 300_000
const QUIET_BLOCKS = 4

/** A channel between the wallet and a provider that exists only as an address. */
class TestedChannel {
  readonly terms: ChannelTerms
  readonly #client
  readonly #provider

  constructor(wallet: Wallet, globalId: number, nowS: number) {
    this.#client = crypto.ed25519FromSeed(crypto.randomBytes(32))
    this.#provider = crypto.ed25519FromSeed(crypto.randomBytes(32))
    this.terms = {
      globalId,
      client: wallet.address,
      provider: walletAddress(this.#provider.publicKey, globalId),
      clientKey: this.#client.publicKey,
      providerKey: this.#provider.publicKey,
      closeDelay: CLOSE_DELAY_S,
      expiresAt: nowS + LIFE_S,
      salt: 1n,
    }
  }

  get address() {
    return channelAddress(this.terms)
  }

  claim(amountNano: bigint, leafCount: number) {
    const cell = voucherCell(this.#totals(amountNano, leafCount))
    return claimMessage(this.terms, signCell(crypto, this.#client, cell))
  }

  coopClose(amountNano: bigint, leafCount: number, validUntil: number) {
    const cell = closeAuthCell({ ...this.#totals(amountNano, leafCount), validUntil })
    return coopCloseMessage(this.terms, signCell(crypto, this.#provider, cell))
  }

  #totals(amountNano: bigint, leafCount: number): Voucher {
    return { channel: this.address, amountNano, leafCount, receiptsRoot }
  }
}

const receiptsRoot = new Uint8Array(32).fill(9)

async function nowOf(reader: ChainReader): Promise<number> {
  return (await reader.latestBlock()).time
}

export function testChain({ name, globalId, access, reader, wallet, travel }: ChainTarget): void {
  const onlyWithTravel = it.skipIf(travel === undefined)
  let one: TestedChannel
  let other: TestedChannel

  /** What is left of a message comes back some blocks after it was executed. */
  async function quietBalance(): Promise<bigint> {
    const { seqno } = await reader.latestBlock()
    const isOver = async () => (await reader.latestBlock()).seqno >= seqno + QUIET_BLOCKS
    if (travel === undefined) await eventually(isOver, STEP_MS)
    return wallet.balance()
  }

  describe(`a chain: ${name}`, { timeout: STEP_MS }, () => {
    it('serves the network that is wanted, with a block of a moment ago', async () => {
      const block = await reader.latestBlock()
      expect(reader.globalId).toBe(globalId)
      expect(Math.abs(Date.now() / 1000 - block.time)).toBeLessThan(RECENT_S)
    })

    it('holds the coins that the steps below need', async () => {
      const held = await wallet.balance()
      expect(held, `fund ${wallet.address}`).toBeGreaterThanOrEqual(NEEDED_NANO)
      const nowS = await nowOf(reader)
      one = new TestedChannel(wallet, globalId, nowS)
      other = new TestedChannel(wallet, globalId, nowS)
    })

    it('opens channels, several in one message, each at the address that follows from its terms', async () => {
      expect(await reader.channel(one.address)).toBeUndefined()
      const openings = [one, other].map(({ terms }) => topUpMessage(terms, DEPOSIT_NANO))
      const { feesNano } = await wallet.send(openings)
      expect(feesNano).toBeGreaterThan(0n)
      for (const { address } of [one, other]) {
        const found = await reader.channel(address)
        expect(found).toMatchObject({ depositedNano: DEPOSIT_NANO, claimedNano: 0n, closeAt: 0 })
      }
    })

    it('pays a voucher to the provider, whoever hands it in', async () => {
      await wallet.send([one.claim(CLAIMED_NANO, 3)])
      const found = await reader.channel(one.address)
      expect(found).toMatchObject({ claimedNano: CLAIMED_NANO, leafCount: 3, receiptsRoot })
      await eventually(
        async () => (await reader.balance(one.terms.provider)) === CLAIMED_NANO,
        STEP_MS,
      )
    })

    it('refuses the voucher a second time with its exit code, and the coins come back', async () => {
      const before = await wallet.balance()
      const again = wallet.send([one.claim(CLAIMED_NANO, 3)])
      const data = { exitCode: 404 }
      await expect(again).rejects.toMatchObject({ code: 'TRANSACTION_FAILED', data })
      await eventually(async () => before - (await wallet.balance()) < LOST_NANO_MAX, STEP_MS)
    })

    it('refuses an external message that the wallet does not accept, and says so', async () => {
      const body = beginCell().storeUint(0, 32).endCell()
      const message = external({ to: wallet.address, body })
      const boc = beginCell().store(storeMessage(message)).endCell().toBoc().toString('base64')
      const answer = await callChain(access, 'sendBoc', { boc }, z.unknown())
      expect(answer).toMatchObject({ ok: false })
    })

    it('closes a channel by both signatures at once', async () => {
      const validUntil = (await nowOf(reader)) + 600
      await wallet.send([other.coopClose(CLAIMED_NANO, 2, validUntil)])
      const found = await reader.channel(other.address)
      expect(found).toMatchObject({ closed: true, claimedNano: CLAIMED_NANO, leafCount: 2 })
    })

    it('starts the close delay, and does not finish before it is over', async () => {
      await wallet.send([startCloseMessage(one.terms)])
      const found = await reader.channel(one.address)
      expect(found?.closeAt).toBeGreaterThan(await nowOf(reader))
      const early = wallet.send([finishMessage(one.terms)])
      const data = { exitCode: 414 }
      await expect(early).rejects.toMatchObject({ code: 'TRANSACTION_FAILED', data })
    })

    testChainReader(name, async () => ({
      reader,
      globalId,
      expected: {
        ...{ terms: one.terms, depositedNano: DEPOSIT_NANO, claimedNano: CLAIMED_NANO },
        closeAt: (await reader.channel(one.address))?.closeAt ?? 0,
        ...{ closed: false, leafCount: 3, receiptsRoot },
      },
      wallet: wallet.address,
      walletNano: await quietBalance(),
    }))

    it('finishes when the delay is over, and gives the rest back', async () => {
      await travel?.(CLOSE_DELAY_S)
      const closeAt = (await reader.channel(one.address))?.closeAt ?? 0
      // A block of that time must be there: a contract's clock is its block's.
      await eventually(async () => (await nowOf(reader)) > closeAt, STEP_MS)
      await wallet.send([finishMessage(one.terms)])
      expect(await reader.channel(one.address)).toMatchObject({ closed: true })
    })

    onlyWithTravel('destroys what is closed and over, a second opening included', async () => {
      await travel?.(LIFE_S + CLOSE_DELAY_S + 1)
      await wallet.send([destroyMessage(one.terms), destroyMessage(other.terms)])
      expect(await reader.channel(one.address)).toBeUndefined()
      const revived = wallet.send([topUpMessage(one.terms, DEPOSIT_NANO)])
      const data = { exitCode: 406 }
      await expect(revived).rejects.toMatchObject({ code: 'TRANSACTION_FAILED', data })
    })
  })
}
