/**
 * A provider that lies, message by message: each lie is refused with its code (and step), before a prompt
 * is sent or before the next voucher, and the client goes on with the next provider.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { Evidence } from '#protocol/evidence.ts'
import type { ReceiptBody } from '#protocol/receipt.ts'
import type { ProviderHello } from '#protocol/session/frames.ts'
import type { ProviderContent, SessionAccept } from '#protocol/session/provider-content.ts'
import { delegateCell, openPriceQuote, priceQuoteCell, signCell } from '#settlement/cells.ts'
import type { PriceQuote } from '#settlement/types.ts'
import { flipped, forgeEvidence, forgeReceipt } from '../support/role-forgeries.ts'
import { keyOf, type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { PRICES, TestClient, TestProvider } from '../support/role-peers.ts'
import { garbageFrame, type Lie, lying, type Said } from '../support/role-tamper.ts'

let network: RoleNetwork
let honest: TestProvider
let client: TestClient
let liars = 0

beforeAll(async () => {
  network = await startRoleNetwork()
  honest = await TestProvider.start(network, 'honest')
  client = await TestClient.start(network, 'victim', [honest])
  await client.chat({ maxTokens: 1 })
})
afterAll(async () => {
  await client.stop()
  await honest.stop()
  await network.stop()
})

/** Cheaper than the honest one, so that it is always tried first. */
const CHEAP = { ...PRICES, completionNanoPerMtok: PRICES.completionNanoPerMtok / 2n }

/** One chat with a liar first in the ranking; what happened to the client. */
async function attack(lie: Lie) {
  liars++
  const liar = await TestProvider.start(network, `liar-${liars}`, { prices: CHEAP })
  const { wrap, heard } = lying(lie)
  liar.wrap = wrap
  client.providers.splice(0, 2, liar, honest)
  client.forgive()
  client.events.length = 0
  const result = await client.chat()
  const desk = client.funding.desks.find((one) => client.funding.providerOf(one) === liar.identity)
  const { codes, failedSteps } = client
  await liar.stop()
  return { result, desk, heard, code: codes[0], codes, steps: failedSteps, liar }
}

/** Refused before a prompt was sent, answered by the honest one. */
async function refusedBeforePrompt(lie: Lie) {
  const { result, heard, code, steps } = await attack(lie)
  expect(result.provider).toBe(honest.identity)
  expect(result.usage.completionTokens).toBeGreaterThan(0)
  expect(heard.asks).toBe(0)
  expect(heard.allocations).toBe(0)
  return { code, steps }
}

const evidenceLie = (
  change: (evidence: Evidence, provider: TestProvider) => Evidence | Promise<Evidence>,
): Lie => ({
  hello: async (hello, _, provider) => ({
    ...hello,
    evidence: await change(hello.evidence, provider),
  }),
})

describe('evidence', () => {
  test.each([
    ['TDX module measurement', 48 + 16 + 3],
    ['measurement of the guest', 48 + 136],
    ['report data', 48 + 520],
    ['signature', 48 + 584 + 4 + 10],
  ])('a forged quote: one bit of the %s', async (_, at) => {
    const { code, steps } = await refusedBeforePrompt(
      evidenceLie((evidence) => ({ ...evidence, quote: flipped(evidence.quote, at) })),
    )
    expect(code).toBe('EVIDENCE_REFUSED')
    expect(steps).toContain('quote-signature')
  })

  test('a quote of a manufacturer with another seed', async () => {
    const { code, steps } = await refusedBeforePrompt(
      evidenceLie((evidence, provider) =>
        forgeEvidence(provider, evidence, {}, { otherManufacturer: true }),
      ),
    )
    expect(code).toBe('EVIDENCE_REFUSED')
    expect(steps).toContain('anchor')
  })

  test.each([
    ['response', 'responseKey'],
    ['settlement', 'settlementKey'],
  ] as const)('a quote over another %s key', async (_, field) => {
    const { code, steps } = await refusedBeforePrompt(
      evidenceLie((evidence, provider) =>
        forgeEvidence(
          provider,
          evidence,
          { [field]: keyOf('stranger').publicKey },
          { requote: false },
        ),
      ),
    )
    expect(code).toBe('EVIDENCE_REFUSED')
    expect(steps).toContain('report-data')
  })

  test('evidence of another session, with its nonce', async () => {
    const seen: ProviderHello[] = []
    const lie: Lie = {
      hello: (hello) => {
        seen.push(hello)
        return seen[0] ?? hello
      },
    }
    liars++
    const liar = await TestProvider.start(network, `liar-${liars}`, { prices: CHEAP })
    const { wrap, heard } = lying(lie)
    liar.wrap = wrap
    client.providers.splice(0, 2, liar)
    client.forgive()
    await client.chat()
    await client.sessions.stop()
    const asksBefore = heard.asks
    client.events.length = 0
    client.providers.push(honest)
    const result = await client.chat()
    expect(seen).toHaveLength(2)
    expect(result.provider).toBe(honest.identity)
    expect(client.codes[0]).toBe('EVIDENCE_REFUSED')
    expect(client.failedSteps).toEqual(['nonce'])
    expect(heard.asks).toBe(asksBefore)
    await liar.stop()
  })

  test('an epoch quote for a challenge', async () => {
    const { code, steps } = await refusedBeforePrompt(
      evidenceLie(async (_, provider) => (await provider.enclave.epoch()).evidence),
    )
    expect(code).toBe('EVIDENCE_REFUSED')
    expect(steps).toEqual(['nonce'])
  })

  test.each([
    ['network', 'network', { globalId: -239 }],
    ['model', 'model-root', { modelRoot: new Uint8Array(32).fill(9) }],
    ['identity', 'identity-key', { identityKey: keyOf('stranger').publicKey }],
    ['role', 'role', { role: 'worker' }],
    ['runtime', 'report-data', { runtimeDigest: new Uint8Array(32).fill(9) }],
  ])('a good quote over a statement for another %s', async (_, step, change) => {
    const { code, steps } = await refusedBeforePrompt(
      evidenceLie((evidence, provider) => forgeEvidence(provider, evidence, change)),
    )
    expect(code).toBe('EVIDENCE_REFUSED')
    expect(steps).toContain(step)
  })

  test('keys that live too long', async () => {
    const notAfterMs = network.clock.nowMs() + 7 * 86_400_000
    const { steps } = await refusedBeforePrompt(
      evidenceLie((evidence, provider) => forgeEvidence(provider, evidence, { notAfterMs })),
    )
    expect(steps).toContain('key-lifetime')
  })

  test('a version that the client did not offer', async () => {
    const { code } = await refusedBeforePrompt({ hello: (hello) => ({ ...hello, version: 2 }) })
    expect(code).toBe('VERSION_UNSUPPORTED')
  })
})

const acceptLie = (
  change: (
    accept: SessionAccept,
    provider: TestProvider,
  ) => Partial<SessionAccept> | Promise<Partial<SessionAccept>>,
): Lie => ({
  content: async (content, provider) => {
    if (content.kind !== 'accept') return [content]
    const accept = { ...content.accept, ...(await change(content.accept, provider)) }
    return [{ kind: 'accept', accept }]
  },
})

const quoteLie = (
  change: (quote: PriceQuote) => Partial<PriceQuote>,
  signer?: Parameters<typeof signCell>[1],
) =>
  acceptLie((accept, { settlementKey }) => {
    const quote = openPriceQuote(crypto, accept.priceQuote, settlementKey.publicKey)
    const cell = priceQuoteCell({ ...quote, ...change(quote) })
    return { priceQuote: signCell(crypto, signer ?? settlementKey, cell) }
  })

describe('the acceptance', () => {
  test('a transcript signed by another key', async () => {
    const { code } = await refusedBeforePrompt(
      acceptLie((accept) => ({
        transcriptSignature: flipped(accept.transcriptSignature, 40),
      })),
    )
    expect(code).toBe('TRANSCRIPT_REFUSED')
  })

  test('prices higher than offered', async () => {
    const { code } = await refusedBeforePrompt(
      quoteLie(({ prices }) => ({
        prices: { ...prices, promptNanoPerMtok: prices.promptNanoPerMtok + 1n },
      })),
    )
    expect(code).toBe('PRICE_ABOVE_OFFER')
  })

  test.each([
    ['for another model', { modelRoot: new Uint8Array(32).fill(9) }],
    ['for another network', { globalId: -239 }],
    ['that has expired', { validUntil: 1_000_000_000 }],
  ])('a price quote %s', async (_, change) => {
    const { code } = await refusedBeforePrompt(quoteLie(() => change))
    expect(code).toBe('PRICE_QUOTE_REFUSED')
  })

  test('a price quote signed by another key', async () => {
    const { code } = await refusedBeforePrompt(quoteLie(() => ({}), keyOf('stranger')))
    expect(code).toBe('SIGNATURE_INVALID')
  })

  test.each([
    ['to another response key', { responseKey: keyOf('stranger').publicKey }, 3_600],
    ['that has ended', {}, -60],
  ])('a delegation %s', async (_, change, lifeS) => {
    const { code } = await refusedBeforePrompt(
      acceptLie(async (_accept, provider) => {
        const { responseKey } = await provider.enclave.epoch()
        const notAfter = Math.floor(network.clock.nowMs() / 1000) + lifeS
        const { globalId } = network.file
        const delegate = { globalId, responseKey: responseKey.publicKey, notAfter, ...change }
        return { delegate: signCell(crypto, provider.settlementKey, delegateCell(delegate)) }
      }),
    )
    expect(code).toBe('PRICE_QUOTE_REFUSED')
  })

  test.each([
    ['more used than the tree says', { usedTotalNano: 5n }],
    ['leaves that it does not show', { leafCount: 1, peaks: [new Uint8Array(32).fill(1)] }],
  ])('a meeting that claims %s freezes the channel', async (_, claim) => {
    const { code } = await refusedBeforePrompt(acceptLie(() => claim))
    expect(code).toBe('CHANNEL_DISPUTED')
  })
})

describe('frames before the prompt', () => {
  const GARBAGE = new Uint8Array(300).fill(0xff)

  test.each([
    ['garbage instead of evidence', 'hello', [GARBAGE], 'FRAME_MALFORMED'],
    ['an empty message instead of evidence', 'hello', [new Uint8Array(0)], 'FRAME_MALFORMED'],
    ['garbage instead of an acceptance', 'accept', [GARBAGE], 'FRAME_MALFORMED'],
    ['a broken stream instead of evidence', 'hello', 'hang-up', 'STREAM_RESET'],
    ['a broken stream instead of an acceptance', 'accept', 'hang-up', 'STREAM_RESET'],
  ] as const)('%s', async (_, at, told, expected) => {
    const { code } = await refusedBeforePrompt({
      message: (bytes, kind) => (kind === at ? told : [bytes]),
    })
    expect(code).toBe(expected)
  })

  test.each([
    ['out of sequence', (sequence: number) => ({ sequence: sequence + 1 }), 'SEAL_SEQUENCE'],
    ['of a size that no peer sends', () => ({ ciphertext: new Uint8Array(145) }), 'SEAL_SIZE'],
    ['changed on its way', () => ({ ciphertext: new Uint8Array(144) }), 'SEAL_TAMPERED'],
    ['longer than any', () => ({ ciphertext: new Uint8Array(600_000) }), 'FRAME_MALFORMED'],
    ['that claims to be the last', () => ({ final: true }), 'SEAL_TAMPERED'],
  ])('an acceptance in a frame %s', async (_, change, expected) => {
    const { code } = await refusedBeforePrompt({
      frame: (frame) => [{ ...frame, ...change(frame.sequence) }],
    })
    expect(code).toBe(expected)
  })

  test('sealed bytes that are no message', async () => {
    const { code } = await refusedBeforePrompt({ content: () => [GARBAGE] })
    expect(code).toBe('FRAME_MALFORMED')
  })
})

/** Lies once, on the first content of a kind; remembers the voucher that the client had signed then. */
function firstLie(
  kind: ProviderContent['kind'],
  tell: (content: ProviderContent, provider: TestProvider) => readonly Said[] | Promise<Said[]>,
) {
  const noted = { voucherNano: -1n, leafCount: -1 }
  let told = false
  const lie: Lie = {
    content: async (content, provider) => {
      if (content.kind !== kind || told) return [content]
      told = true
      const { amountNano, leafCount } = deskOf(provider).state.best
      Object.assign(noted, { voucherNano: amountNano, leafCount })
      return tell(content, provider)
    },
  }
  return { lie, noted }
}

function deskOf(provider: TestProvider) {
  const { funding } = client
  const desk = funding.desks.find((one) => funding.providerOf(one) === provider.identity)
  if (desk === undefined) throw new Error('no channel with this provider')
  return desk
}

/** Refused before the next voucher: what was signed when the lie was told is what stays signed. */
async function refusedBeforeVoucher({ lie, noted }: ReturnType<typeof firstLie>) {
  const { result, desk, code, liar, heard } = await attack(lie)
  expect(result.provider).toBe(honest.identity)
  expect(heard.asks).toBe(1)
  expect(heard.vouchers).toBe(1)
  expect(desk?.state.best.amountNano).toBe(noted.voucherNano)
  expect(desk?.state.best.leafCount).toBe(noted.leafCount)
  const [view] = liar.channels.all()
  expect(view?.state.best.amountNano).toBe(noted.voucherNano)
  return { code, status: desk?.state.status }
}

const receiptLie = (change: (body: ReceiptBody) => Partial<ReceiptBody>) =>
  firstLie('checkpoint', async (content, provider) => {
    if (content.kind !== 'checkpoint') throw new Error('not a checkpoint')
    return [{ kind: 'checkpoint', receipt: await forgeReceipt(provider, content.receipt, change) }]
  })

describe('counting', () => {
  test('more token ids than were paid for', async () => {
    const { code, status } = await refusedBeforeVoucher(
      firstLie('tokens', (content) => {
        if (content.kind !== 'tokens') throw new Error('no tokens')
        const tokens = { ...content.tokens, ids: new Array<number>(24).fill(65) }
        return [{ kind: 'tokens', tokens }]
      }),
    )
    expect({ code, status }).toEqual({ code: 'PROVIDER_MISCOUNTED', status: 'frozen' })
  })

  test('more of the prompt than there is', async () => {
    const { code, status } = await refusedBeforeVoucher(
      firstLie('tokens', () => [{ kind: 'tokens', tokens: { ids: [], promptTokensDone: 9_999 } }]),
    )
    expect({ code, status }).toEqual({ code: 'PROVIDER_MISCOUNTED', status: 'frozen' })
  })

  test.each<[string, string, (body: ReceiptBody) => Partial<ReceiptBody>]>([
    ['counts more than arrived', 'PROVIDER_MISCOUNTED', () => ({ completionTokens: 1 })],
    [
      'uses more than the price of its counts',
      'PROVIDER_MISCOUNTED',
      () => ({ usedNano: 1n, usedTotalNano: 1n }),
    ],
    ['has a wrong used_total', 'CHANNEL_DISPUTED', () => ({ usedTotalNano: 1n })],
    [
      'is for another request',
      'RECEIPT_REFUSED',
      () => ({ requestId: new Uint8Array(16).fill(1) }),
    ],
    ['is for another channel', 'RECEIPT_REFUSED', () => ({ channel: `0:${'11'.repeat(32)}` })],
    ['is for another network', 'RECEIPT_REFUSED', () => ({ globalId: -239 })],
    ['claims a better tier', 'RECEIPT_REFUSED', () => ({ tier: 'confidential' })],
    [
      'names other prices',
      'RECEIPT_REFUSED',
      (body) => ({
        prices: { ...body.prices, completionNanoPerMtok: 1n },
      }),
    ],
    [
      'commits to another answer',
      'RECEIPT_REFUSED',
      () => ({ responseCommitment: new Uint8Array(32) }),
    ],
    [
      'commits to another question',
      'RECEIPT_REFUSED',
      () => ({ requestCommitment: new Uint8Array(32) }),
    ],
    ['names another statement', 'RECEIPT_REFUSED', () => ({ statementDigest: new Uint8Array(32) })],
    ['names another model', 'RECEIPT_REFUSED', () => ({ modelRoot: new Uint8Array(32) })],
  ])('a checkpoint that %s', async (_, expected, change) => {
    const { code, status } = await refusedBeforeVoucher(receiptLie(change))
    expect({ code, status }).toEqual({ code: expected, status: 'frozen' })
  })

  test('a checkpoint whose bill says something else', async () => {
    const { code, status } = await refusedBeforeVoucher(
      firstLie('checkpoint', async (content, provider) => {
        if (content.kind !== 'checkpoint') throw new Error('not a checkpoint')
        const { receipt } = content
        const other = await forgeReceipt(provider, receipt, () => ({ usedTotalNano: 7n }))
        const { billBoc, billSignature } = other
        return [{ kind: 'checkpoint', receipt: { ...receipt, billBoc, billSignature } }]
      }),
    )
    expect({ code, status }).toEqual({ code: 'RECEIPT_REFUSED', status: 'frozen' })
  })

  test('a checkpoint that the response key did not sign', async () => {
    const { code, status } = await refusedBeforeVoucher(
      firstLie('checkpoint', (content) => {
        if (content.kind !== 'checkpoint') throw new Error('not a checkpoint')
        const { receipt } = content
        const signature = flipped(receipt.signature, 3)
        return [{ kind: 'checkpoint', receipt: { ...receipt, signature } }]
      }),
    )
    expect({ code, status }).toEqual({ code: 'RECEIPT_REFUSED', status: 'frozen' })
  })

  test('a checkpoint sent as the final receipt ends nothing', async () => {
    const { code } = await refusedBeforeVoucher(
      firstLie('checkpoint', (content) => {
        if (content.kind !== 'checkpoint') throw new Error('not a checkpoint')
        return [{ kind: 'leaf', receipt: content.receipt }]
      }),
    )
    expect(code).toBe('SESSION_OUT_OF_ORDER')
  })
})

describe('frames of a request', () => {
  test('a frame out of sequence', async () => {
    let frames = 0
    const { noted, lie } = firstLie('checkpoint', (content) => [content])
    const { code } = await refusedBeforeVoucher({
      noted,
      lie: {
        ...lie,
        frame: (frame) => {
          frames++
          return [frames === 2 ? { ...frame, sequence: frame.sequence + 1 } : frame]
        },
      },
    })
    expect(code).toBe('SEAL_SEQUENCE')
  })

  test('garbage in the place of a frame', async () => {
    let frames = 0
    const { noted, lie } = firstLie('checkpoint', (content) => [content])
    const { code } = await refusedBeforeVoucher({
      noted,
      lie: {
        ...lie,
        frame: (frame) => {
          frames++
          return [frames === 2 ? garbageFrame(frame.requestId, frame.sequence) : frame]
        },
      },
    })
    expect(code).toBe('SEAL_TAMPERED')
  })

  test('a second acceptance on the stream of a request', async () => {
    let accept: ProviderContent | undefined
    const { noted, lie } = firstLie('checkpoint', () => (accept === undefined ? [] : [accept]))
    const { code } = await refusedBeforeVoucher({
      noted,
      lie: {
        content: (content, provider) => {
          if (content.kind === 'accept') accept = content
          return lie.content?.(content, provider) ?? [content]
        },
      },
    })
    expect(code).toBe('SESSION_OUT_OF_ORDER')
  })

  test.each(['checkpoint', 'tokens', 'leaf'] as const)(
    'a stream that ends before the %s',
    async (kind) => {
      const { result, codes } = await attack({
        content: (content) => (content.kind === kind ? 'hang-up' : [content]),
      })
      expect(result.provider).toBe(honest.identity)
      expect(codes).toHaveLength(1)
      expect(result.usage.completionTokens).toBe(40)
    },
  )

  test('frames after the final receipt end the session, not the answer', async () => {
    const { result, desk, liar } = await attack(frameAfterFinal())
    expect(result.provider).toBe(liar.identity)
    expect(desk?.state.status).toBe('open')
    expect(desk?.state.best.leafCount).toBe(1)
    expect(await client.sessions.ofChannel(desk?.address ?? '')).toBeUndefined()
  })
})

function frameAfterFinal(): Lie {
  return {
    frame: (frame) =>
      frame.final ? [frame, garbageFrame(frame.requestId, frame.sequence + 1)] : [frame],
  }
}

describe('leaves', () => {
  /** An honest answer first, so that the channel has a leaf; then the lie. */
  async function afterOneAnswer(lie: Lie) {
    liars++
    const liar = await TestProvider.start(network, `liar-${liars}`, { prices: CHEAP })
    client.providers.splice(0, 2, liar)
    client.forgive()
    await client.chat({ maxTokens: 3 })
    await client.sessions.stop()
    const before = deskOf(liar).state.best
    liar.wrap = lying(lie).wrap
    client.providers.push(honest)
    client.events.length = 0
    const result = await client.chat()
    const { state } = deskOf(liar)
    await liar.stop()
    return { result, before, state, code: client.codes[0] }
  }

  test('a leaf index that is taken', async () => {
    const { lie, noted } = receiptLie(() => ({ leafIndex: 0 }))
    const { result, state, code } = await afterOneAnswer(lie)
    expect(result.provider).toBe(honest.identity)
    expect(code).toBe('CHANNEL_DISPUTED')
    expect(state.status).toBe('frozen')
    expect(state.dispute).toBe('leaf-index')
    expect(state.best.amountNano).toBe(noted.voucherNano)
  })

  test('a final receipt with a wrong used_total is never acknowledged', async () => {
    const { lie, noted } = firstLie('leaf', async (content, provider) => {
      if (content.kind !== 'leaf') throw new Error('not a leaf')
      const change = (body: ReceiptBody) => ({ usedTotalNano: body.usedTotalNano + 1n })
      return [{ kind: 'leaf', receipt: await forgeReceipt(provider, content.receipt, change) }]
    })
    const { result, state, code, before } = await afterOneAnswer(lie)
    expect(result.provider).toBe(honest.identity)
    expect(code).toBe('CHANNEL_DISPUTED')
    expect(state.status).toBe('frozen')
    expect(state.best.leafCount).toBe(before.leafCount)
    expect(state.best.amountNano).toBe(noted.voucherNano)
  })
})
