/** Who waits for room is served in the order of arrival. */
import { expect, test } from 'vitest'
import { WaitingLines } from '#node/roles/client/waiting-line.ts'
import { BUSY_WAIT_MS } from '#node/roles/constants.ts'
import { MovableClock } from '../support/market-peers.ts'

const signal = new AbortController().signal

function lines() {
  const clock = new MovableClock()
  return { clock, lines: new WaitingLines(clock) }
}

test('64 requests that wait are served in the order in which they came, whenever there is room', async () => {
  const { lines: all } = lines()
  const served: number[] = []
  const room = Array.from({ length: 64 }, () => Promise.withResolvers<void>())
  const places = room.map(() => all.placeFor('any'))
  const request = async (index: number): Promise<void> => {
    const place = places[index]!
    await place.turn(signal)
    await room[index]!.promise
    served.push(index)
    place.leave(true)
  }
  const waiting = room.map((_, index) => request(index))
  // The last ones look up first: it is not their turn.
  for (const place of places.toReversed()) place.wake()
  for (const { resolve } of room.toReversed()) resolve()
  await Promise.all(waiting)
  expect(served).toEqual(room.map((_, index) => index))
})

test('whoever comes while others wait stands behind them; other kinds do not', async () => {
  const { lines: all } = lines()
  const first = all.placeFor('any')
  expect(first.isBehindOthers).toBe(false)
  expect(await first.turn(signal)).toBe(true)
  expect(all.placeFor('any').isBehindOthers).toBe(true)
  expect(all.placeFor('another').isBehindOthers).toBe(false)
  first.leave(false)
  first.leave(true)
  expect(all.placeFor('any').isBehindOthers).toBe(false)
})

test('a line in which nobody is served for too long is given up; one that moves is not', async () => {
  const { clock, lines: all } = lines()
  const first = all.placeFor('any')
  const firstTurn = first.turn(signal)
  const second = all.placeFor('any')
  const third = all.placeFor('any')
  const turns = [second, third].map((place) => place.turn(signal))
  expect(await firstTurn).toBe(true)
  clock.aheadMs += BUSY_WAIT_MS - 1
  first.leave(true)
  clock.aheadMs += BUSY_WAIT_MS - 1
  expect(await turns[0]).toBe(true)
  clock.aheadMs += 1
  expect(await second.turn(signal)).toBe(false)
  expect(await turns[1]).toBe(false)
})

test('a request that is cancelled leaves its place to the next', async () => {
  const { lines: all } = lines()
  const abort = new AbortController()
  const first = all.placeFor('any')
  const second = all.placeFor('any')
  await first.turn(signal)
  const turn = second.turn(abort.signal)
  abort.abort(new Error('left'))
  await expect(turn).rejects.toThrow('left')
  second.leave(false)
  const third = all.placeFor('any')
  const next = third.turn(signal)
  first.leave(false)
  expect(await next).toBe(true)
})
