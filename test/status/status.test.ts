/** What a running peer shows of itself, and what answers on its control socket. */
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Hono } from 'hono'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Engine, GenerateEvent } from '#inference/engine.ts'
import { WorkMeter } from '#node/roles/provider/work-meter.ts'
import { BidLog, lostReason } from '#node/status/bid-log.ts'
import { controlApp } from '#node/status/control-app.ts'
import { askControl, askDrain, askStatus } from '#node/status/control-client.ts'
import { controlSocketPath, serveControl } from '#node/status/control-socket.ts'
import { StatusBoard } from '#node/status/status-board.ts'
import type { PeerStatus } from '#node/status/status-document.ts'
import { duration, statusLine, statusRows } from '#node/status/status-text.ts'
import { openDataFolder } from '#node/store/data-folder.ts'
import { coinsIn } from '#node/text.ts'
import type { OpenedBid } from '#protocol/market/job.ts'
import { rejectionCode } from '../support/error-code.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const coins = coinsIn('TON')

const STATUS: PeerStatus = {
  name: 'provider',
  role: 'provider',
  state: 'running',
  version: '0.1.0',
  pid: 7,
  startedAtMs: 1_000,
  uptimeMs: 65_000,
  network: 'testnet-1',
  peerId: '12D3',
  addresses: ['/ip4/127.0.0.1/tcp/1'],
  peers: 1,
  inbound: 1,
  reachability: 'reached',
  wallet: '0:aa',
  money: {
    balanceNano: '9500000000',
    depositsOutNano: '0',
    unclaimedNano: '3000000',
    caps: [{ cap: 'depositPerDay', limitNano: '5000000000', leftNano: '4000000000' }],
  },
  dataDir: '/data',
  client: null,
  provider: {
    model: 'cocoon-demo',
    modelRoot: 'ab'.repeat(32),
    engine: 'onnxruntime-node 1.30.0 (native, cpu)',
    tier: 'simulated',
    upstream: null,
    offer: { sequence: '4', atMs: 60_000, expiresAtMs: 360_000 },
    slotsTotal: 4,
    contextTokens: 2_048,
    modelContextTokens: 40_960,
    slotsFree: 3,
    queued: 0,
    sessions: 1,
    answersRunning: 1,
    answers: 12,
    tokens: 400,
    tokensPerS: 41.26,
    earnedNano: '1500000000',
    claimedNano: '0',
    channels: { opening: 0, open: 2, frozen: 0, closing: 1, closed: 0 },
    bids: {
      ...{ made: 3, won: 1, lost: 2, passed: 0 },
      last: [{ jobId: 'ab', reason: 'price: 10 nanoTON against our 12', atMs: 56_000 }],
    },
  },
}

describe('the status for people', () => {
  it('names everything that an owner asks for', () => {
    const text = statusRows(STATUS, coins, 66_000)
      .map((row) => row.join(' '))
      .join('\n')
    for (const part of [
      ...['up 1 min', '1 peer', 'reached', 'no. 4, 6 s ago', '3 of 4 free, 0 queued'],
      '2048 tokens, of 40960 that the model has',
      ...['ab'.repeat(32), '(native, cpu)'],
      ...['41.3 tokens/s', '1.5 TON', '2 open, 1 closing', '10 s ago: price: 10 nanoTON'],
    ]) {
      expect(text).toContain(part)
    }
  })

  it('has a line without times and rates, so that it changes only with what happens', () => {
    const line = statusLine(STATUS, coins)
    const later = { ...STATUS, uptimeMs: 99_999 }
    const provider = { ...STATUS.provider!, tokensPerS: 1 }
    expect(statusLine({ ...later, provider }, coins)).toBe(line)
    expect(statusLine({ ...STATUS, peers: 2 }, coins)).not.toBe(line)
  })

  it.each([
    [0, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_600_000, '1 h 0 min'],
    [100 * 3_600_000, '4 d 4 h'],
    [-5, '0 s'],
  ])('%i ms is %s', (ms, text) => expect(duration(ms)).toBe(text))
})

describe('the board', () => {
  const board = (isTTY: boolean) => {
    const written: string[] = []
    const terminal = { isTTY, columns: 40, write: (text: string) => void written.push(text) }
    return { written, board: new StatusBoard(terminal) }
  }

  it('redraws one block in place on a terminal, below the events', () => {
    const { written, board: shown } = board(true)
    shown.show([['peers', '1']], 'line')
    shown.event('something happened')
    shown.show([['peers', '2']], 'line')
    const text = written.join('')
    // What was drawn is erased before anything is written: an empty line and one row.
    expect(written.indexOf('\u001b[2A\u001b[0J')).toBe(1)
    expect(text.split('\u001b[2A\u001b[0J')).toHaveLength(3)
    expect(text.indexOf('something happened')).toBeLessThan(text.lastIndexOf('peers'))
    expect(text).not.toContain('status  line')
  })

  it('cuts at the edge, since a wrapped line would be two', () => {
    const { written, board: shown } = board(true)
    shown.show([['name', 'x'.repeat(100)]], '')
    for (const line of written.join('').split('\n')) expect(line.length).toBeLessThan(40)
  })

  it('writes a line on change and nothing that moves anywhere else', () => {
    const { written, board: shown } = board(false)
    for (const line of ['one', 'one', 'two']) shown.show([['peers', '1']], line)
    expect(written).toEqual(['status  one\n', 'status  two\n'])
    expect(written.join('')).not.toContain('\u001b')
  })
})

describe('why a bid was lost', () => {
  const bid = (priceNano: bigint, finishInMs = 5, tier = 'simulated'): OpenedBid =>
    ({ contents: { priceNano, finishInMs, tier }, hash: new Uint8Array(32) }) as OpenedBid

  it.each([
    [bid(12n), bid(10n), 'price: 10 nanoTON against our 12'],
    [bid(10n, 9), bid(10n, 5), 'time: done in 5 ms against our 9, at the same price'],
    [bid(10n, 5, 'open'), bid(10n, 5), 'tier: simulated against our open'],
    [bid(10n), bid(10n), 'a tie, which the lower hash wins'],
    [bid(9n), bid(10n), 'our bid did not arrive in time, or had expired'],
    [bid(9n), undefined, 'another bid, which this peer did not hear'],
  ])('case %#', (own, winner, reason) => expect(lostReason(own, winner)).toBe(reason))

  it('keeps the last few, newest first, and counts all', () => {
    let nowMs = 0
    const log = new BidLog({ nowMs: () => ++nowMs })
    const job = { hash: new Uint8Array(32) } as never
    for (let price = 0n; price < 7n; price++) {
      log.hear({ kind: 'lost', job, own: bid(100n), winner: bid(price) })
    }
    log.hear({ kind: 'passed', job, reason: 'no slots' })
    const { lost, passed, last } = log.status()
    expect({ lost, passed }).toEqual({ lost: 7, passed: 1 })
    expect(last.map(({ reason }) => reason)[0]).toBe('no bid: no slots')
    expect(last).toHaveLength(5)
  })
})

describe('the control socket', () => {
  const serve = async (dir: string, drain: () => void = () => undefined) => {
    const extra = new Hono().get('/why/:id', (c) => c.text(`because of ${c.req.param('id')}`))
    const socket = await serveControl(controlApp({ status: () => STATUS, drain }, extra), dir)
    onTestFinished(() => socket.close())
    return socket
  }

  it('answers its owner with the status, drains, and carries the routes of a role', async () => {
    const dir = temporaryFolder()
    let drained = 0
    await serve(dir, () => {
      drained += 1
    })
    expect(await askStatus(dir)).toEqual(STATUS)
    expect(await askControl(dir, 'GET', '/why/7')).toBe('because of 7')
    expect(drained).toBe(0)
    await askDrain(dir)
    expect(drained).toBe(1)
    expect(statSync(controlSocketPath(dir)).mode & 0o777).toBe(0o600)
  })

  it('takes the place of a socket that a crash left, and is gone when it is closed', async () => {
    const dir = temporaryFolder()
    writeFileSync(controlSocketPath(dir), '')
    const socket = await serve(dir)
    expect((await askStatus(dir)).name).toBe('provider')
    await socket.close()
    expect(await rejectionCode(askStatus(dir))).toBe('PEER_NOT_RUNNING')
  })

  it('is refused in a folder that others may write to', async () => {
    const dir = path.join(temporaryFolder(), 'shared-folder')
    mkdirSync(dir)
    chmodSync(dir, 0o777)
    expect(await rejectionCode(serve(dir))).toBe('CONTROL_FOLDER')
    expect(existsSync(controlSocketPath(dir))).toBe(false)
  })

  it('lies elsewhere, and still private, when the folder has a long name', async () => {
    const dir = path.join(temporaryFolder(), 'x'.repeat(120))
    mkdirSync(dir)
    expect(controlSocketPath(dir).length).toBeLessThan(104)
    await serve(dir)
    expect((await askStatus(dir)).peerId).toBe('12D3')
    expect(statSync(path.dirname(controlSocketPath(dir))).mode & 0o077).toBe(0)
  })

  it('is not believed when it says something else', async () => {
    const dir = temporaryFolder()
    const app = new Hono().get('/status', (c) => c.json({ name: 'x' }))
    const socket = await serveControl(app, dir)
    onTestFinished(() => socket.close())
    expect(await rejectionCode(askStatus(dir))).toBe('CONTROL_ANSWER')
    expect(await rejectionCode(askDrain(dir))).toBe('CONTROL_ANSWER')
  })
})

describe('a data folder', () => {
  it('belongs to one peer at a time, and has a folder for each network', () => {
    const dir = temporaryFolder()
    const folder = openDataFolder(dir)
    expect(() => openDataFolder(dir)).toThrow(
      expect.objectContaining({ code: 'STORE_LOCKED', data: { pid: process.pid } }),
    )
    const dirs = [
      { name: 'testnet-1', globalId: 7411 },
      { name: 'testnet-1', globalId: -3 },
      { name: 'testnet/1', globalId: 7411 },
      { name: '../..', globalId: 7411 },
    ].map((network) => folder.networkDir(network))
    expect(new Set(dirs).size).toBe(4)
    for (const one of dirs) {
      expect(path.dirname(one)).toBe(path.join(dir, 'networks'))
      expect(statSync(one).mode & 0o777).toBe(0o700)
    }
    folder.release()
    openDataFolder(dir).release()
  })
})

describe('the meter before the engine', () => {
  const events: readonly GenerateEvent[] = [
    { kind: 'prefilled', tokens: 2, cachedTokens: 0 },
    { kind: 'token', id: 1 },
    { kind: 'token', id: 2 },
    { kind: 'end', finish: 'stop' },
  ]
  const engine: Engine = {
    info: { slotsTotal: 4 } as Engine['info'],
    load: () => ({ active: 1, queued: 2 }),
    generate: () =>
      (async function* () {
        yield* events
      })(),
    verify: () => Promise.reject(new Error('nobody asks')),
    [Symbol.asyncDispose]: async () => undefined,
  }
  const collect = async (meter: WorkMeter) => {
    const seen: GenerateEvent[] = []
    for await (const event of meter.generate({} as never)) seen.push(event)
    return seen
  }

  it('counts tokens and answers, and changes nothing', async () => {
    let nowMs = 10_000
    const meter = new WorkMeter(engine, { nowMs: () => nowMs })
    expect(await collect(meter)).toEqual(events)
    expect(meter).toMatchObject({ tokens: 2, answers: 1, running: 0 })
    expect(meter.tokensPerS()).toBe(0)
    nowMs += 1_000
    expect(meter.tokensPerS()).toBe(0.4)
    nowMs += 5_000
    expect(meter.tokensPerS()).toBe(0)
  })

  it('refuses new work and offers no slot while it drains; what runs goes on', async () => {
    const meter = new WorkMeter(engine, { nowMs: () => 0 })
    const running = meter.generate({} as never)[Symbol.asyncIterator]()
    await running.next()
    meter.drain()
    expect(meter.load()).toEqual({ active: 4, queued: 2 })
    expect(await rejectionCode(collect(meter))).toBe('PROVIDER_DRAINING')
    expect((await running.next()).value).toEqual({ kind: 'token', id: 1 })
  })
})
