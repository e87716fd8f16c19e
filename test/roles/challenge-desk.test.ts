/** Many waiting clients, few quotes: the batches of challenge quotes, with a clock and a timer of the test. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { CHALLENGE_NONCES_MAX } from '#attestation/constants.ts'
import {
  CHALLENGE_INTERVAL_MS,
  CHALLENGE_TICK_MS,
  CHALLENGES_WAITING_MAX,
} from '#node/roles/constants.ts'
import { ChallengeDesk } from '#node/roles/provider/challenge-desk.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { Evidence } from '#protocol/evidence.ts'
import { verifyProof } from '#protocol/merkle.ts'
import { rejectionCode } from '#test/support/error-code.ts'

const nonceOf = (n: number): Uint8Array => crypto.sha256(Uint8Array.of(n >> 8, n & 0xff))

/** SIMULATED: evidence whose statement is the challenge itself. */
const evidenceOver = (challenge: Uint8Array): Evidence => ({
  kind: 'tdx',
  mode: 'challenge',
  statement: challenge,
  quote: Uint8Array.of(1),
  collateral: Uint8Array.of(1),
  gpuEvidence: new Uint8Array(0),
})

/** A desk whose time stands still until `pass`, and whose quotes take no time. */
function startDesk(quote?: (epoch: string, challenge: Uint8Array) => Promise<Evidence>) {
  let nowMs = 1_000_000
  let timer: { atMs: number; fire: () => void } | undefined
  const quotes: { epoch: string; atMs: number }[] = []
  const desk = new ChallengeDesk<string>({
    crypto,
    clock: { nowMs: () => nowMs },
    wait: (ms) =>
      new Promise((fire) => {
        timer = { atMs: nowMs + ms, fire }
      }),
    quote: async (epoch, challenge) => {
      quotes.push({ epoch, atMs: nowMs })
      return quote === undefined ? evidenceOver(challenge) : quote(epoch, challenge)
    },
  })
  /** Moves the time to the next timer, if there is one. */
  const pass = async (): Promise<number> => {
    const due = timer
    if (due === undefined) return 0
    timer = undefined
    const passedMs = due.atMs - nowMs
    nowMs = due.atMs
    due.fire()
    await nextTurn()
    return passedMs
  }
  const passAll = async (): Promise<void> => {
    while (timer !== undefined) await pass()
  }
  return { desk, quotes, pass, passAll }
}

const proves = (evidence: Evidence, nonce: Uint8Array): boolean =>
  evidence.nonceProof !== undefined &&
  verifyProof(crypto, evidence.statement, nonce, evidence.nonceProof)

describe('challenge quotes', () => {
  it('one quote answers everybody who asked within the tick, each with the own proof', async () => {
    const { desk, quotes, passAll } = startDesk()
    const nonces = Array.from({ length: 100 }, (_, n) => nonceOf(n))
    const answers = nonces.map((nonce) => desk.answer('epoch 1', nonce))
    await passAll()
    const evidence = await Promise.all(answers)
    expect(quotes).toHaveLength(1)
    expect(evidence.map((one, at) => proves(one, nonces[at] ?? nonceOf(999)))).not.toContain(false)
    expect(proves(evidence[0]!, nonceOf(1))).toBe(false)
    expect(new Set(evidence.map((one) => one.statement)).size).toBe(1)
  })

  it('256 nonces fill a quote; the next one has the next quote', async () => {
    const { desk, quotes, passAll } = startDesk()
    const nonces = Array.from({ length: CHALLENGE_NONCES_MAX + 1 }, (_, n) => nonceOf(n))
    const answers = nonces.map((nonce) => desk.answer('epoch 1', nonce))
    await passAll()
    const evidence = await Promise.all(answers)
    expect(quotes).toHaveLength(2)
    expect(evidence.map((one) => one.nonceProof?.count)).toEqual([
      ...Array.from({ length: CHALLENGE_NONCES_MAX }, () => CHALLENGE_NONCES_MAX),
      1,
    ])
  })

  it('waits one tick for company, and after a quote the whole interval', async () => {
    const { desk, quotes, pass } = startDesk()
    const first = desk.answer('epoch 1', nonceOf(1))
    expect(await pass()).toBe(CHALLENGE_TICK_MS)
    await first
    const second = desk.answer('epoch 1', nonceOf(2))
    expect(await pass()).toBe(CHALLENGE_INTERVAL_MS)
    await second
    expect(quotes).toHaveLength(2)
  })

  it('never makes more quotes than the interval allows, however many ask', async () => {
    const { desk, quotes, passAll } = startDesk()
    const answers = Array.from({ length: CHALLENGES_WAITING_MAX }, (_, n) =>
      desk.answer('epoch 1', nonceOf(n)),
    )
    await passAll()
    await Promise.all(answers)
    expect(quotes).toHaveLength(CHALLENGES_WAITING_MAX / CHALLENGE_NONCES_MAX)
    const gaps = quotes.slice(1).map(({ atMs }, at) => atMs - (quotes[at]?.atMs ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(CHALLENGE_INTERVAL_MS)
  })

  it('gathers who comes while a quote is being made', async () => {
    let finish = (): void => undefined
    const slow = new Promise<void>((resolve) => {
      finish = resolve
    })
    const { desk, quotes, pass, passAll } = startDesk(async (_, challenge) => {
      await slow
      return evidenceOver(challenge)
    })
    const first = desk.answer('epoch 1', nonceOf(1))
    await pass()
    const late = [2, 3, 4].map((n) => desk.answer('epoch 1', nonceOf(n)))
    finish()
    await first
    await nextTurn()
    await passAll()
    expect((await Promise.all(late)).map((one) => one.nonceProof?.count)).toEqual([3, 3, 3])
    expect(quotes).toHaveLength(2)
  })

  it('never mixes two epochs under one quote', async () => {
    const { desk, quotes, passAll } = startDesk()
    const answers = ['old', 'new', 'old', 'new'].map((epoch, n) => desk.answer(epoch, nonceOf(n)))
    await passAll()
    await Promise.all(answers)
    expect(quotes.map(({ epoch }) => epoch)).toEqual(['old', 'new'])
  })

  it('tells more clients than it can hold to ask again', async () => {
    const { desk, passAll } = startDesk()
    const answers = Array.from({ length: CHALLENGES_WAITING_MAX }, (_, n) =>
      desk.answer('epoch 1', nonceOf(n)),
    )
    expect(await rejectionCode(desk.answer('epoch 1', nonceOf(5_000)))).toBe('CHALLENGES_FULL')
    await passAll()
    await Promise.all(answers)
  })

  it('tells everybody of the batch when there is no quote, and goes on', async () => {
    let isBroken = true
    const { desk, passAll } = startDesk(async (_, challenge) => {
      if (isBroken) throw new Error('no quote')
      return evidenceOver(challenge)
    })
    const failing = Promise.allSettled([1, 2].map((n) => desk.answer('epoch 1', nonceOf(n))))
    await passAll()
    expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    isBroken = false
    const good = desk.answer('epoch 1', nonceOf(3))
    await passAll()
    expect(proves(await good, nonceOf(3))).toBe(true)
  })
})
