/** One line for each kind of event, and no line twice for the same offer. */
import { EventEmitter } from 'node:events'
import { statSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { listenForInterrupts, unlessInterrupted, withRemedy } from '#node/cli/interrupts.ts'
import { ownerKeys } from '#node/cli/owner-keys.ts'
import type { NodeEvent, NodeEventBody } from '#node/roles/events.ts'
import { eventPrinter } from '#node/testnet/event-text.ts'
import { coinsIn, shortProvider } from '#node/text.ts'
import { VERDICT } from '../support/scripted-client-service.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const printer = (startedAtMs: number) =>
  eventPrinter({ coins: coinsIn('TON'), startedAtMs, nameOf: shortProvider })

const at = (body: NodeEventBody, peer = 'client-1'): NodeEvent => ({ atMs: 2_500, peer, ...body })
const channel = `0:${'ab'.repeat(32)}`
const offer = {
  kind: 'offer',
  provider: 'provider-1',
  modelId: 'm',
  sequence: '1',
  completionNanoPerMtok: '100000000',
  slotsFree: 2,
} as const

describe('an event', () => {
  it.each<[NodeEventBody, string]>([
    [offer, 'provider-1 offers m at 0.1 TON/Mtok, 2 slots free'],
    [
      { kind: 'choice', requestId: 'r', provider: 'p', reason: 'cheapest', considered: 3 },
      'p of 3: cheapest',
    ],
    [{ kind: 'verdict', provider: 'p', ...VERDICT }, 'p accepted, tier simulated: 1 steps passed'],
    [
      {
        kind: 'verdict',
        provider: 'p',
        tier: 'simulated',
        ok: false,
        steps: [{ ...VERDICT.steps[0]!, status: 'failed' }],
      },
      'p REFUSED, tier simulated: failed at quote-signature',
    ],
    [{ kind: 'channel', channel, action: 'opened', amountNano: '1000000000' }, 'opened, 1 TON'],
    [
      { kind: 'payment', channel, requestId: 'r', allocatedNano: '1', voucherNano: '5' },
      'voucher of 0.000000005 TON',
    ],
    [
      { kind: 'receipt', id: 'abc', channel, leafIndex: 3, usedNano: '7', finish: 'stop' },
      'abc leaf 3, 0.000000007 TON, stop',
    ],
    [{ kind: 'job', jobId: 'j', action: 'bid', detail: 'from p' }, 'j bid from p'],
    [{ kind: 'warning', code: 'PEER_EXITED', message: 'ended' }, 'PEER_EXITED: ended'],
  ])('%j has its line', (body, text) => {
    const line = printer(1_000)(at(body))
    expect(line).toContain(text)
    expect(line).toMatch(/^ {4}1\.5s {2}client-1 /)
  })

  it('is passed over when an offer says what the last one said', () => {
    const print = printer(0)
    expect(print(at(offer, 'provider-1'))).toBeDefined()
    expect(print(at({ ...offer, sequence: '2' }, 'client-1'))).toBeUndefined()
    expect(print(at({ ...offer, sequence: '3', slotsFree: 1 }))).toBeDefined()
  })
})

describe('keys of a peer run by hand', () => {
  it('are made once, for the owner only, and never quoted', () => {
    const dir = temporaryFolder()
    const first = ownerKeys(dir)
    expect(first.created).toBe(true)
    expect(statSync(first.file).mode & 0o777).toBe(0o600)
    expect(ownerKeys(dir)).toEqual({ ...first, created: false })
    writeFileSync(first.file, '{"identitySeed":"secret')
    expect(() => ownerKeys(dir)).toThrow(expect.objectContaining({ code: 'KEYS_FILE' }))
    expect(() => ownerKeys(dir)).not.toThrow('secret')
  })
})

describe('Ctrl-C', () => {
  it('counts once when npm passes the same key press on, twice when it is pressed again', () => {
    const source = new EventEmitter()
    let nowMs = 0
    const { first, second } = listenForInterrupts(source, () => nowMs)
    source.emit('SIGINT')
    nowMs += 20
    source.emit('SIGINT')
    expect([first.aborted, second.aborted]).toEqual([true, false])
    nowMs += 1_000
    source.emit('SIGTERM')
    expect(second.aborted).toBe(true)
  })

  it('ends a command whose work heeds no signal, with what to do next', async () => {
    const interrupts = new AbortController()
    const never = new Promise<void>(() => undefined)
    const ended = withRemedy(interrupts.signal, 'Run it again.', () =>
      unlessInterrupted(never, interrupts.signal),
    )
    interrupts.abort()
    await expect(ended).rejects.toMatchObject({ code: 'INTERRUPTED', remedy: 'Run it again.' })
    await expect(unlessInterrupted(never, interrupts.signal)).rejects.toThrow('interrupted')
    expect(await unlessInterrupted(Promise.resolve(3), new AbortController().signal)).toBe(3)
  })
})
