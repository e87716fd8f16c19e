/**
 * One signer of a channel and many streams: whatever the order in which streams ask for credit, take
 * it up, checkpoint and end, vouchers are one rising chain and cover exactly what was allocated.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '#protocol/bytes.ts'
import {
  clientAllocate,
  clientCheckpoint,
  clientFinalVoucher,
  clientLeaf,
} from '#settlement/channel/client.ts'
import {
  providerAcceptVoucher,
  providerAllocate,
  providerAsk,
  providerCheckpoint,
  providerLeaf,
} from '#settlement/channel/provider.ts'
import {
  type ChannelState,
  creditNano,
  neededNano,
  newChannel,
  observeChain,
  usedTotalNano,
  usedTotalWith,
} from '#settlement/channel/state.ts'
import { OPEN_REQUESTS_MAX } from '#settlement/constants.ts'
import type { SignedBytes } from '#settlement/types.ts'
import { clientKey, crypto, makeTerms, NOW_S } from './channel-fixture.ts'

const CHUNK_NANO = 16n
const DEPOSIT_NANO = 100_000n
const context = { crypto, sessionKey: clientKey }

function funded(role: 'client' | 'provider'): ChannelState {
  const terms = makeTerms()
  const seen = { terms, depositedNano: DEPOSIT_NANO, claimedNano: 0n, closeAt: 0, closed: false }
  return observeChain(newChannel(role, terms), {
    ...{ ...seen, leafCount: 0, receiptsRoot: new Uint8Array(32) },
  })
}

/** Streams as scripts of steps, run in any order; each step is one call of the serialised signer. */
class Streams {
  client = funded('client')
  provider = funded('provider')
  readonly vouchers: { amountNano: bigint; leafCount: number; signed: SignedBytes }[] = []
  readonly #chunks: number[]
  readonly #at: number[]

  constructor(chunks: readonly number[]) {
    this.#chunks = [...chunks]
    this.#at = chunks.map(() => 0)
  }

  /** The next step of a stream: prepay a chunk, serve it, …, end. False: it has ended. */
  step(stream: number): boolean {
    const at = this.#at[stream]!
    const chunks = this.#chunks[stream]!
    if (at > 2 * chunks) return false
    this.#at[stream] = at + 1
    const requestId = (stream + 1).toString(16).padStart(32, '0')
    const chunk = BigInt(Math.floor(at / 2) + 1)
    if (at === 2 * chunks) this.#end(requestId, BigInt(chunks) * CHUNK_NANO)
    else if (at % 2 === 0) this.#pay(requestId, chunk * CHUNK_NANO)
    else this.#serve(requestId, chunk * CHUNK_NANO)
    return true
  }

  #pay(requestId: string, allocatedNano: bigint): void {
    const signing = clientAllocate(context, this.client, { requestId, allocatedNano }, NOW_S)
    this.client = signing.state
    this.#sent(signing.voucher)
    if (!this.provider.requests.some((one) => one.requestId === requestId)) {
      this.provider = providerAsk(this.provider, requestId, NOW_S).state
    }
    this.provider = providerAllocate(this.provider, { requestId, allocatedNano }, NOW_S)
  }

  #serve(requestId: string, usedNano: bigint): void {
    const body = { requestId, usedNano, leafData: utf8(`checkpoint ${requestId} ${usedNano}`) }
    const usedTotal = usedTotalWith(this.provider, requestId, usedNano)
    this.provider = providerCheckpoint(this.provider, body)
    const { leafIndex } = this.provider.requests.find((one) => one.requestId === requestId)!
    const counted = clientCheckpoint(this.client, {
      ...{ ...body, leafIndex: leafIndex!, usedTotalNano: usedTotal },
    })
    expect(counted.dispute).toBeUndefined()
    this.client = counted.state
  }

  #end(requestId: string, usedNano: bigint): void {
    const body = { requestId, usedNano, leafData: utf8(`leaf ${requestId} ${usedNano}`) }
    const usedTotal = usedTotalWith(this.provider, requestId, usedNano)
    const { leafIndex } = this.provider.requests.find((one) => one.requestId === requestId)!
    this.provider = providerLeaf(crypto, this.provider, body).state
    const counted = clientLeaf(crypto, this.client, {
      ...{ ...body, leafIndex: leafIndex!, usedTotalNano: usedTotal },
    })
    expect(counted.dispute).toBeUndefined()
    this.client = counted.state
    const signing = clientFinalVoucher(context, this.client, NOW_S)
    this.client = signing.state
    this.#sent(signing.voucher)
  }

  #sent(signed: SignedBytes | undefined): void {
    if (signed === undefined) return
    const { amountNano, leafCount } = this.client.best
    this.vouchers.push({ amountNano, leafCount, signed })
    this.provider = providerAcceptVoucher(crypto, this.provider, signed, NOW_S)
  }

  check(): void {
    expect(creditNano(this.client)).toBeGreaterThanOrEqual(0n)
    expect(neededNano(this.client)).toBe(neededNano(this.provider))
    expect(usedTotalNano(this.provider)).toBeLessThanOrEqual(this.provider.best.amountNano)
    const [last, before] = [this.vouchers.at(-1), this.vouchers.at(-2)]
    if (last === undefined || before === undefined) return
    const rises = last.amountNano > before.amountNano || last.leafCount > before.leafCount
    const falls = last.amountNano < before.amountNano || last.leafCount < before.leafCount
    expect([rises, falls]).toEqual([true, false])
  }
}

describe('one signer, many streams', () => {
  it('any interleaving gives one rising chain of vouchers, paid to the nano', () => {
    const chunks = fc.array(fc.integer({ min: 1, max: 4 }), {
      ...{ minLength: 2, maxLength: OPEN_REQUESTS_MAX },
    })
    const order = fc.array(fc.nat(OPEN_REQUESTS_MAX - 1), { minLength: 80, maxLength: 120 })
    let interleaved = 0
    fc.assert(
      fc.property(chunks, order, (wanted, picks) => {
        const streams = new Streams(wanted)
        for (const pick of picks) {
          const stream = pick % wanted.length
          if (streams.step(stream)) streams.check()
          if (streams.client.requests.length > 1) interleaved++
        }
        for (let stream = 0; stream < wanted.length; stream++) {
          while (streams.step(stream)) streams.check()
        }
        const usedNano = BigInt(wanted.reduce((sum, one) => sum + one, 0)) * CHUNK_NANO
        expect(streams.client.settledNano).toBe(usedNano)
        expect(streams.provider.settledNano).toBe(usedNano)
        expect(streams.provider.best.amountNano).toBe(usedNano)
        expect(streams.client.tree.count).toBe(wanted.length)
      }),
      { numRuns: 60 },
    )
    // Streams that ran one after the other would show nothing.
    expect(interleaved).toBeGreaterThan(500)
  })
})
