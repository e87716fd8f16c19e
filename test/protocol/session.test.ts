import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equal } from '#protocol/bytes.ts'
import { HELLO_TIMEOUT_MS, SESSION_REQUESTS_MAX } from '#protocol/constants.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import {
  type ClientSessionEvent,
  startClientSession,
  stepClientSession,
} from '#protocol/session/client-session.ts'
import { isSessionExpired, type SessionState } from '#protocol/session/phases.ts'
import { startProviderSession, stepProviderSession } from '#protocol/session/provider-session.ts'
import { negotiateVersion, transcriptBytes } from '#protocol/session/transcript.ts'
import { errorCode } from '#test/support/error-code.ts'

const HANDSHAKE = ['provider-hello', 'verdict-passed', 'seal-sent', 'accept'] as const
const PROVIDER_HANDSHAKE = ['client-hello', 'evidence-sent', 'seal-open', 'open-accepted'] as const
const ask = (requestId: string) => ({ kind: 'ask', requestId }) as const
const ended = (requestId: string) => ({ kind: 'ended', requestId }) as const
const progress = (requestId: string) => ({ kind: 'progress', requestId }) as const

function accepted(): SessionState {
  return HANDSHAKE.reduce(
    (state, kind) => stepClientSession(state, { kind }, 0),
    startClientSession(0),
  )
}

describe('session order', () => {
  it('has one legal handshake on each side', () => {
    expect(accepted().phase).toBe('accepted')
    const provider = PROVIDER_HANDSHAKE.reduce(
      (state, kind) => stepProviderSession(state, { kind }, 0),
      startProviderSession(0),
    )
    expect(provider.phase).toBe('accepted')
  })

  it('refuses every other order', () => {
    let state = startClientSession(0)
    for (const next of HANDSHAKE) {
      for (const kind of HANDSHAKE) {
        if (kind === next) continue
        expect(errorCode(() => stepClientSession(state, { kind }, 0))).toBe('SESSION_OUT_OF_ORDER')
      }
      for (const event of [ask('a'), progress('a'), ended('a')]) {
        expect(errorCode(() => stepClientSession(state, event, 0))).toBe('SESSION_OUT_OF_ORDER')
      }
      state = stepClientSession(state, { kind: next }, 0)
    }
  })

  it('knows its open requests, and no more than it may', () => {
    const ids = Array.from({ length: SESSION_REQUESTS_MAX }, (_, at) => `request ${at}`)
    const full = ids.reduce((state, id) => stepClientSession(state, ask(id), 0), accepted())
    expect(full.phase).toBe('asking')
    const refused = (state: SessionState, event: ClientSessionEvent) =>
      errorCode(() => stepClientSession(state, event, 0))
    expect(refused(full, ask('one more'))).toBe('SESSION_TOO_MANY_REQUESTS')
    expect(refused(full, ask(ids[0]!))).toBe('SESSION_OUT_OF_ORDER')
    expect(refused(full, progress('unknown'))).toBe('SESSION_OUT_OF_ORDER')
    const one = stepClientSession(full, ended(ids[0]!), 0)
    expect(refused(one, ended(ids[0]!))).toBe('SESSION_OUT_OF_ORDER')
    expect(refused(one, ask('one more'))).toBeUndefined()
    const none = ids.slice(1).reduce((state, id) => stepClientSession(state, ended(id), 0), one)
    expect(none.phase).toBe('accepted')
  })

  it('closes from every phase, and nothing is legal afterwards', () => {
    const closed = stepClientSession(startClientSession(0), { kind: 'close' }, 5)
    expect(closed.phase).toBe('closed')
    expect(errorCode(() => stepClientSession(closed, { kind: 'close' }, 5))).toBe(
      'SESSION_OUT_OF_ORDER',
    )
    expect(isSessionExpired(closed, 10 ** 12)).toBe(false)
  })

  it('ends at its deadline and not before', () => {
    const state = startClientSession(1_000)
    const late = 1_000 + HELLO_TIMEOUT_MS + 1
    expect(isSessionExpired(state, late - 1)).toBe(false)
    expect(isSessionExpired(state, late)).toBe(true)
    const hello = { kind: 'provider-hello' } as const
    expect(errorCode(() => stepClientSession(state, hello, late))).toBe('SESSION_TIMEOUT')
    const next = stepClientSession(state, hello, late - 1)
    expect(next.deadlineMs).toBeGreaterThan(late)
  })

  it('never has open requests before accept, nor over its limit, whatever comes', () => {
    const kinds = [...HANDSHAKE, 'close'] as const
    const event: fc.Arbitrary<ClientSessionEvent> = fc.oneof(
      fc.constantFrom(...kinds).map((kind) => ({ kind })),
      fc
        .tuple(fc.constantFrom('ask', 'progress', 'ended'), fc.nat(12))
        .map(([kind, id]) => ({ kind, requestId: String(id) }) as ClientSessionEvent),
    )
    const scripted = fc.array(event, { maxLength: 60 })
    fc.assert(
      fc.property(scripted, fc.boolean(), (events, shaken) => {
        let state = shaken ? accepted() : startClientSession(0)
        for (const next of events) {
          try {
            state = stepClientSession(state, next, 0)
          } catch {
            continue
          }
          expect(state.requests.size).toBeLessThanOrEqual(SESSION_REQUESTS_MAX)
          expect(state.requests.size > 0).toBe(state.phase === 'asking')
        }
      }),
    )
  })
})

describe('transcript', () => {
  it('chooses the highest common version', () => {
    expect(negotiateVersion([3, 2, 1], [2, 1])).toBe(2)
    expect(errorCode(() => negotiateVersion([3], [2, 1]))).toBe('VERSION_UNSUPPORTED')
    for (const bad of [[], [1, 2], [2, 2], [0], Array.from({ length: 9 }, (_, at) => 9 - at)]) {
      expect(errorCode(() => negotiateVersion(bad, [1]))).toBe('VERSION_OFFER_MALFORMED')
    }
  })

  it('changes with everything that it binds', () => {
    const bytes = (seed: number) => new Uint8Array(32).fill(seed)
    const base = {
      clientVersions: [2, 1],
      providerVersions: [1],
      version: 1,
      statement: bytes(1),
      quote: bytes(2),
      clientNonce: bytes(3),
      providerChallenge: bytes(4),
      channel: '0:aa',
      clientPeerId: 'client',
      providerPeerId: 'provider',
    }
    const changes = {
      clientVersions: [1],
      providerVersions: [2, 1],
      version: 2,
      statement: bytes(9),
      quote: bytes(9),
      clientNonce: bytes(9),
      providerChallenge: bytes(9),
      channel: '0:ab',
      clientPeerId: 'clientp',
      providerPeerId: 'rovider',
    }
    const original = transcriptBytes({ ...base, crypto: nodeCrypto })
    for (const [name, value] of Object.entries(changes)) {
      const changed = transcriptBytes({ ...base, [name]: value, crypto: nodeCrypto })
      expect(equal(changed, original), name).toBe(false)
    }
  })
})
