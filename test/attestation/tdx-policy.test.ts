/** What a policy may decide about a TDX guest: grace, migration, run-time measurements; and the advice given. */
import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { verifyEvidence } from '#attestation/verdict.ts'
import { replayRegister } from '#attestation/verify/event-log.ts'
import { concat, fromHex, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { type Evidence, evidenceFromWire, evidenceToWire } from '#protocol/evidence.ts'
import { EvidenceSchema } from '#protocol/wire/gen/cocoon_pb.ts'
import { type Forgery, judge, reportData, tcbInfo, verdictOn } from './forge.ts'
import { bytes, context, machine, makeEvidence, nowMs, policy, zeros } from './network.ts'

const under = (tdx: Partial<typeof policy.tdx>): Pick<Forgery, 'context'> => ({
  context: { policy: { ...policy, tdx: { ...policy.tdx, ...tdx } } },
})

describe('a grace period', () => {
  const dated = (tcbStatus: string, tcbDate: string) =>
    tcbInfo((document) => {
      const [level] = document.tcbLevels
      return { ...document, tcbLevels: [{ ...level, tcbStatus, tcbDate }] }
    })
  const tcbDateMin = '2025-11-01T00:00:00Z'
  const within = (
    statuses: typeof policy.tcb.statuses,
    until = '2026-12-01T00:00:00Z',
  ): Pick<Forgery, 'context'> => ({
    context: {
      policy: { ...policy, tcb: { ...policy.tcb, statuses, grace: { tcbDateMin, until } } },
    },
  })
  const young = dated('OutOfDate', tcbDateMin)

  it('lets a platform that just went out of date in, until it ends', () => {
    expect(verdictOn({ collateral: young })).toMatch(/^tcb-status: TCB status OutOfDate/)
    expect(verdictOn({ collateral: young, ...within(['UpToDate']) })).toBe('accepted')
    const ended = within(['UpToDate'], new Date(nowMs).toISOString().replace(/\.\d+/, ''))
    expect(verdictOn({ collateral: young, ...ended })).toMatch(/^tcb-status: TCB status OutOfDate/)
  })

  it.each([
    ['an older TCB', dated('OutOfDate', '2025-10-31T23:59:59Z')],
    ['a revoked TCB', dated('Revoked', tcbDateMin)],
    ['one that needs configuration besides', dated('OutOfDateConfigurationNeeded', tcbDateMin)],
    ['one that needs hardening', dated('SWHardeningNeeded', tcbDateMin)],
  ])('does not let in %s', (_, collateral) => {
    expect(verdictOn({ collateral, ...within(['UpToDate']) })).toMatch(/^tcb-status: TCB status/)
  })

  it('stands in for age alone: what else is wrong must be on the list', () => {
    const collateral = dated('OutOfDateConfigurationNeeded', tcbDateMin)
    const configured = within(['UpToDate', 'ConfigurationNeeded'])
    expect(verdictOn({ collateral, ...configured })).toBe('accepted')
  })
})

describe('migration', () => {
  const tdAttributes = fromHex('0000003000000000')

  it('is refused unless the policy allows it', () => {
    expect(verdictOn({ body: { tdAttributes } })).toMatch(/^td-attributes: MIGRATABLE/)
    expect(verdictOn({ body: { tdAttributes }, ...under({ migratable: 'allowed' }) })).toBe(
      'accepted',
    )
  })
})

describe('RTMR3', () => {
  const events = [bytes(48, 1), bytes(48, 2)]
  const [release] = policy.tdx.measurements
  const rtMr = machine.report(reportData).rtMr.with(3, replayRegister(crypto, events))
  const replayed = (second: 'any' | string[], first: string[] = [toHex(bytes(48, 1))]) =>
    under({
      measurements: release && [
        {
          ...release,
          rtMr3: {
            replayed: [
              { name: 'model', digests: first },
              { name: 'instance', digests: second },
            ],
          },
        },
      ],
    } as Partial<typeof policy.tdx>)
  const eventLog = concat(...events)
  const body = { rtMr }

  it('replays from the log of a guest, each event allowed by name', () => {
    expect(verdictOn({ body, eventLog, ...replayed('any') })).toBe('accepted')
    expect(verdictOn({ body, eventLog, ...replayed([toHex(bytes(48, 2))]) })).toBe('accepted')
  })

  it('of one event is SHA-384 of 48 zeros and its digest', () => {
    const once = crypto.sha384(concat(zeros(48), bytes(48, 1)))
    expect(replayRegister(crypto, [bytes(48, 1)])).toEqual(once)
    expect(replayRegister(crypto, [])).toEqual(zeros(48))
  })

  it.each([
    ['no log', { eventLog: zeros(0) }, /not listed/],
    ['another order', { eventLog: concat(...events.toReversed()) }, /does not replay/],
    ['an event left out', { eventLog: bytes(48, 1) }, /does not replay/],
    ['an event added', { eventLog: concat(eventLog, bytes(48, 3)) }, /does not replay/],
    ['half an event', { eventLog: eventLog.subarray(0, 95) }, /event log of 95 bytes/],
    ['more events than are read', { eventLog: bytes(48 * 65, 1) }, /event log of 65 events/],
  ])('is refused with %s', (_, changes, reason) => {
    const detail = verdictOn({ body, ...replayed('any'), ...changes })
    expect(detail).toMatch(/^measurements: /)
    expect(detail).toMatch(reason)
  })

  it.each([
    ['an event that its name does not allow', replayed([toHex(bytes(48, 9))])],
    ['a name without any digest', replayed([])],
    ['another first event', replayed('any', [toHex(bytes(48, 9))])],
  ])('is refused with %s', (_, context) => {
    expect(verdictOn({ body, eventLog, ...context })).toMatch(/^measurements: RTMR3/)
  })

  it('that a release pins needs no log, and a log beside it must replay', () => {
    expect(verdictOn({})).toBe('accepted')
    expect(verdictOn({ eventLog })).toMatch(/^measurements: the event log does not replay/)
  })
})

describe('an event log on the wire', () => {
  const eventLog = concat(bytes(48, 1), bytes(48, 2))
  const overWire = (evidence: Evidence): Evidence =>
    evidenceFromWire(create(EvidenceSchema, evidenceToWire(evidence)))

  it('arrives with the evidence and is judged there', () => {
    const sent: Evidence = { ...makeEvidence(), eventLog }
    const received = overWire(sent)
    expect(received).toEqual(sent)
    const failed = verifyEvidence(received, context).steps.find((step) => step.status === 'failed')
    expect(failed?.detail).toBe('the event log does not replay to RTMR3')
  })

  it('is left out where there is none, and bounded', () => {
    expect(overWire(makeEvidence())).not.toHaveProperty('eventLog')
    expect(() => overWire({ ...makeEvidence(), eventLog: bytes(3_073, 1) })).toThrow(/event log/)
  })
})

describe('a failed step', () => {
  const failed = (forgery: Forgery) => judge(forgery).find((step) => step.status === 'failed')

  it('shows what was found and says stop', () => {
    const step = failed({ body: { tdAttributes: fromHex('0100001000000000') } })
    expect(step).toMatchObject({ advice: 'stop', found: '0100001000000000' })
  })

  it('says retry where other collateral may be good', () => {
    const old = {
      context: { policy: { ...policy, tcb: { ...policy.tcb, evaluationNumberMin: 99 } } },
    }
    expect(failed(old)).toMatchObject({
      name: 'tcb-status',
      advice: 'retry',
      found: 'evaluation 18',
    })
    const late = { context: { nowMs: nowMs + 40 * 86_400_000 } }
    expect(failed(late)).toMatchObject({ name: 'revocation', advice: 'retry' })
  })

  it("says fix where the reader's own policy is in the way", () => {
    expect(failed(under({ measurements: [] }))).toMatchObject({
      name: 'measurements',
      advice: 'fix',
    })
  })

  it('alone carries advice', () => {
    const steps = judge({ body: { tdAttributes: zeros(8) } })
    for (const step of steps) expect('advice' in step).toBe(step.status === 'failed')
  })
})
