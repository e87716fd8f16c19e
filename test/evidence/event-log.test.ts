/** What a guest measured at run time, from its boot log, its launcher and dstack, up to the quote that it replays to. */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runtimeEventsOfCcel } from '#attestation/evidence/event-log/ccel.ts'
import { runtimeEventsOfDstack } from '#attestation/evidence/event-log/dstack-events.ts'
import { createMachine } from '#attestation/evidence/simulated/machine.ts'
import { reportData } from '#attestation/statement.ts'
import { guestRuntimeEvents } from '#node/evidence/runtime-events.ts'
import { dstackSource, tdxSource } from '#node/evidence/sources.ts'
import { concat, fromHex, toHex, u32be, utf8 } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { simulatedConfigfs } from '#test/support/simulated-configfs.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { bytes, manufacturer, runtimeDigest, seed } from '../attestation/network.ts'

const u32 = (value: number) => u32be(value).toReversed()
const u16 = (value: number) => u32(value).subarray(0, 2)
const EVENT_TAG = 6

/** TCG_PCR_EVENT2 with a SHA-256 and a SHA-384 digest. */
const event = (register: number, digest: Uint8Array, type = EVENT_TAG) =>
  concat(
    ...[u32(register), u32(type), u32(2), u16(11), bytes(32, 1), u16(12), digest],
    ...[u32(5), utf8('hello')],
  )
/** TCG_PCClientPCREvent: the specification id event. */
const first = concat(u32(0), u32(3), bytes(20, 0), u32(9), utf8('Spec ID E'))
const ccel = (...events: Uint8Array[]) => concat(first, ...events, bytes(300, 0xff))
const [one, two, three] = [bytes(48, 1), bytes(48, 2), bytes(48, 3)] as const

describe('the boot log (CCEL)', () => {
  it('gives what was extended into RTMR3, in order, and nothing else', () => {
    const log = ccel(
      event(1, three),
      event(4, one),
      event(2, three),
      event(4, two),
      event(4, three, 3),
    )
    expect(runtimeEventsOfCcel(log)).toEqual([one, two])
    expect(runtimeEventsOfCcel(ccel(event(1, one)))).toEqual([])
  })

  it.each([
    ['cut', ccel(event(4, one)).subarray(0, 80)],
    [
      'of an unknown algorithm',
      concat(first, u32(4), u32(6), u32(1), u16(99), bytes(48, 1), u32(0)),
    ],
    ['without SHA-384', concat(first, u32(4), u32(6), u32(1), u16(11), bytes(32, 1), u32(0))],
    ['with a size past its end', concat(first, event(4, one).with(-9, 0xff))],
    ['with something after it', concat(ccel(event(4, one)), bytes(4, 7))],
    ['that is absurdly long', new Uint8Array(300_000)],
    ['that claims a thousand million digests', concat(first, u32(4), u32(6), u32(1_000_000_000))],
  ])('that is %s gives none', (_name, log) => {
    expect(runtimeEventsOfCcel(log)).toBeUndefined()
  })

  it('of any bytes never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
        runtimeEventsOfCcel(concat(first, noise))
        runtimeEventsOfCcel(noise)
      }),
    )
  })
})

const entry = (imr: number, digest: string, name = 'app-id', payload = 'abcd') => ({
  ...{ imr, event_type: 0x0800_0001, digest, event: name, event_payload: payload },
})

describe("dstack's event log", () => {
  it('gives the digests of RTMR3, also where the agent leaves them to be computed', () => {
    const text = JSON.stringify([entry(0, '00'.repeat(48)), entry(3, toHex(one)), entry(3, '')])
    const computed = crypto.sha384(concat(fromHex('01000008'), utf8(':app-id:'), fromHex('abcd')))
    expect(runtimeEventsOfDstack(crypto, text)).toEqual([one, computed])
  })

  it.each([
    ['no JSON', '{'],
    ['another form', '{"events": []}'],
    ['a short digest', JSON.stringify([entry(3, 'abcd')])],
    ['too many entries', JSON.stringify(Array(600).fill(entry(3, toHex(one))))],
  ])('that is %s gives none', (_name, text) => {
    expect(runtimeEventsOfDstack(crypto, text)).toBeUndefined()
  })
})

describe("the guest's logs", () => {
  const file = (name: string, content: Uint8Array) => {
    const at = path.join(temporaryFolder(), name)
    writeFileSync(at, content)
    return at
  }
  const none = '/nowhere/log'

  it('are the boot log, then what the launcher wrote', async () => {
    const boot = file('CCEL', ccel(event(4, one)))
    const launcher = file('rtmr3', concat(two, three))
    expect(await guestRuntimeEvents(boot, launcher)).toEqual([one, two, three])
    expect(await guestRuntimeEvents(none, launcher)).toEqual([two, three])
    expect(await guestRuntimeEvents(boot, none)).toEqual([one])
    expect(await guestRuntimeEvents(none, none)).toEqual([])
  })

  it('that are broken or too long count as none', async () => {
    const boot = file('CCEL', ccel(event(4, one)))
    expect(await guestRuntimeEvents(boot, file('rtmr3', bytes(47, 1)))).toBeUndefined()
    expect(await guestRuntimeEvents(file('CCEL', bytes(90, 7)), none)).toBeUndefined()
    expect(await guestRuntimeEvents(boot, file('rtmr3', bytes(3_120, 1)))).toEqual([one])
  })
})

describe('a source', () => {
  const data = reportData(crypto, 'epoch', utf8('a statement'))
  const events = [one, two]
  const { authorities } = manufacturer
  const guest = ['provider 1', runtimeDigest, 'td-1.0', events] as const
  const machine = createMachine(crypto, seed, authorities, ...guest)
  const collateralFor = async () => manufacturer.collateral
  const components = () => ({
    tree: simulatedConfigfs('tdx_guest', machine.quote),
    crypto,
    sleep: async () => undefined,
  })

  it('over configfs-tsm sends the log that replays to its quote, and no other', async () => {
    const logOf = async (log: readonly Uint8Array[] | undefined) =>
      (await tdxSource(components(), collateralFor, async () => log).quote(data)).eventLog
    expect(await logOf(events)).toEqual(concat(one, two))
    expect(await logOf([two, one])).toBeUndefined()
    expect(await logOf([one])).toBeUndefined()
    expect(await logOf(Array(65).fill(one))).toBeUndefined()
    expect(await logOf(undefined)).toBeUndefined()
  })

  it("over dstack's socket sends the agent's log", async () => {
    const socket = path.join(temporaryFolder(), 'dstack.sock')
    const server = createServer((_request, response) => {
      const log = JSON.stringify(events.map((digest) => entry(3, toHex(digest))))
      response.end(JSON.stringify({ quote: toHex(machine.quote(data)), event_log: log }))
    })
    await new Promise<void>((resolve) => server.listen(socket, resolve))
    onTestFinished(() => void server.close())
    const quoted = await dstackSource(crypto, socket, collateralFor).quote(data)
    expect(quoted.eventLog).toEqual(concat(one, two))
  })

  it('of a simulated machine sends the log of its guest', async () => {
    expect((await manufacturer.machine(...guest).quote(data)).eventLog).toEqual(concat(one, two))
    expect(await manufacturer.machine('x', runtimeDigest).quote(data)).not.toHaveProperty(
      'eventLog',
    )
  })
})
