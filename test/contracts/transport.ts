/** What every Transport must do; run against libp2p over TCP and the in-memory network. */
import { afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '#protocol/bytes.ts'
import { SESSION_MESSAGE_BYTES_MAX } from '#protocol/constants.ts'
import { UnavailableError } from '#protocol/errors.ts'
import { allTopics } from '#protocol/market/topics.ts'
import type { MessageStream, Transport } from '#protocol/transport.ts'
import { eventually } from '../support/eventually.ts'

export const CONTRACT_GLOBAL_ID = -3
const PROTOCOL = '/cocoon/contract/1'
const TOPIC = allTopics(CONTRACT_GLOBAL_ID)[5]!

export interface TransportNetwork {
  /** `line`: only the middle one of three is linked to both others; gossip cannot take a short cut. */
  readonly transports: readonly Transport[]
  readonly stop: () => Promise<void>
}

/** `shape` mesh: every peer is linked to every other. Resolves when the links are up. */
export type CreateNetwork = (count: number, shape: 'mesh' | 'line') => Promise<TransportNetwork>

export function testTransport(name: string, create: CreateNetwork): void {
  describe(`transport contract: ${name}`, () => {
    const networks: TransportNetwork[] = []
    const network = async (count: number, shape: 'mesh' | 'line' = 'mesh') => {
      const made = await create(count, shape)
      networks.push(made)
      return made.transports
    }
    afterEach(async () => {
      await Promise.all(networks.splice(0).map((made) => made.stop()))
    })
    const pair = async () => {
      const [a, b] = await network(2)
      return [a!, b!] as const
    }
    streamTests(pair)
    limitTests(pair)
    gossipTests(network)
    discoveryTests(network)
  })
}

type MakePair = () => Promise<readonly [Transport, Transport]>
type MakeNetwork = (count: number, shape?: 'mesh' | 'line') => Promise<readonly Transport[]>

function streamTests(pair: MakePair): void {
  it('carries messages both ways, in order, whole and empty', async () => {
    const [a, b] = await pair()
    await b.handle(PROTOCOL, echo)
    const stream = await a.openStream(b.self.peerId, PROTOCOL, { addresses: b.addresses() })
    expect(stream.remote).toEqual(b.self)
    const messages = [utf8('one'), new Uint8Array(0), new Uint8Array(100_000).fill(7), utf8('four')]
    for (const message of messages) await stream.send(message)
    for (const message of messages) expect(await stream.receive()).toEqual(message)
    await stream.close()
    expect(await stream.receive()).toBeUndefined()
  })

  it('tells the handler who dialled', async () => {
    const [a, b] = await pair()
    const seen = Promise.withResolvers<MessageStream['remote']>()
    await b.handle(PROTOCOL, async (stream) => seen.resolve(stream.remote))
    await a.openStream(b.self.peerId, PROTOCOL, { addresses: b.addresses() })
    expect(await seen.promise).toEqual(a.self)
  })

  it('half-closes: the other side may still answer', async () => {
    const [a, b] = await pair()
    await b.handle(PROTOCOL, async (stream) => {
      let count = 0
      while ((await stream.receive()) !== undefined) count += 1
      await stream.send(utf8(`got ${count}`))
    })
    const stream = await a.openStream(b.self.peerId, PROTOCOL, { addresses: b.addresses() })
    for (let at = 0; at < 3; at += 1) await stream.send(utf8(`message ${at}`))
    await stream.close()
    expect(await stream.receive()).toEqual(utf8('got 3'))
    expect(await stream.receive()).toBeUndefined()
  })

  it('closes the stream when its handler settles', async () => {
    const [a, b] = await pair()
    await b.handle(PROTOCOL, async (stream) => stream.send(utf8('bye')))
    for (let at = 0; at < 70; at += 1) {
      const stream = await a.openStream(b.self.peerId, PROTOCOL, { addresses: b.addresses() })
      expect(await stream.receive()).toEqual(utf8('bye'))
      expect(await stream.receive()).toBeUndefined()
      await stream.close()
    }
  })

  it('aborts: both ends fail, nobody hangs', async () => {
    const [a, b] = await pair()
    const failed = Promise.withResolvers<unknown>()
    await b.handle(PROTOCOL, async (stream) => {
      await stream.receive()
      await stream.receive().catch((error: unknown) => failed.resolve(error))
    })
    const stream = await a.openStream(b.self.peerId, PROTOCOL, { addresses: b.addresses() })
    await stream.send(utf8('hello'))
    const pending = expect(stream.receive()).rejects.toMatchObject({ code: 'STREAM_RESET' })
    stream.abort(new Error('enough'))
    await pending
    expect(await failed.promise).toMatchObject({ code: 'STREAM_RESET' })
    await expect(stream.send(utf8('more'))).rejects.toMatchObject({ code: 'STREAM_RESET' })
  })

  it('reports a lost connection as an error, never as a polite end', async () => {
    const [a, b] = await pair()
    await b.handle(PROTOCOL, async (stream) => {
      await stream.send(utf8('half of it'))
      await stream.receive()
    })
    const stream = await a.openStream(b.self.peerId, PROTOCOL, { addresses: b.addresses() })
    expect(await stream.receive()).toEqual(utf8('half of it'))
    const next = expect(stream.receive()).rejects.toMatchObject({ code: 'STREAM_RESET' })
    await b.stop()
    await next
  })
}

function limitTests(pair: MakePair): void {
  it('carries the largest message and refuses a larger one', async () => {
    const [a, b] = await pair()
    await b.handle(PROTOCOL, echo)
    const stream = await a.openStream(b.self.peerId, PROTOCOL, { addresses: b.addresses() })
    const largest = new Uint8Array(SESSION_MESSAGE_BYTES_MAX).fill(3)
    const tooLarge = new Uint8Array(SESSION_MESSAGE_BYTES_MAX + 1)
    await expect(stream.send(tooLarge)).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' })
    const sent = stream.send(largest)
    expect((await stream.receive())?.length).toBe(largest.length)
    await sent
    await stream.close()
  })

  it('says PEER_UNREACHABLE for a peer that is gone and a protocol nobody speaks', async () => {
    const [a, b] = await pair()
    const attempt = () => a.openStream(b.self.peerId, PROTOCOL, { addresses: b.addresses() })
    await expect(attempt()).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
    await b.stop()
    await expect(attempt()).rejects.toBeInstanceOf(UnavailableError)
  })

  it('gives up dialling when the signal says so', async () => {
    const [a, b] = await pair()
    await b.handle(PROTOCOL, echo)
    const signal = AbortSignal.abort(new Error('changed my mind'))
    const dial = a.openStream(b.self.peerId, PROTOCOL, { signal, addresses: b.addresses() })
    await expect(dial).rejects.toThrow('changed my mind')
  })

  it('makes a sender wait for a slow reader and loses nothing', async () => {
    const [a, b] = await pair()
    const start = Promise.withResolvers<void>()
    const total = Promise.withResolvers<number>()
    await b.handle(PROTOCOL, async (stream) => {
      await start.promise
      let bytes = 0
      for (let m = await stream.receive(); m !== undefined; m = await stream.receive()) {
        bytes += m.length
      }
      total.resolve(bytes)
    })
    const stream = await a.openStream(b.self.peerId, PROTOCOL, { addresses: b.addresses() })
    const count = 400
    const message = new Uint8Array(32 * 1024)
    let sentCount = 0
    const sending = (async () => {
      for (; sentCount < count; sentCount += 1) await stream.send(message)
      await stream.close()
    })()
    await eventually(async () => {
      const before = sentCount
      await new Promise((resolve) => setTimeout(resolve, 100))
      return before > 0 && sentCount === before
    })
    expect(sentCount).toBeLessThan(count)
    start.resolve()
    expect(await total.promise).toBe(count * message.length)
    await sending
  })
}

function gossipTests(network: MakeNetwork): void {
  it('delivers gossip once to every other subscriber and never to its author', async () => {
    const transports = await network(4)
    const heard = transports.map(() => [] as string[])
    transports.forEach((transport, at) => {
      transport.subscribe(
        TOPIC,
        () => 'accept',
        (message, from) => heard[at]!.push(`${Buffer.from(message)} from ${from.peerId}`),
      )
    })
    await untilHeard(transports[0]!, heard.slice(1))
    await transports[0]!.publish(TOPIC, utf8('hello'))
    const expected = `hello from ${transports[0]!.self.peerId}`
    await eventually(() => heard.slice(1).every((messages) => messages.includes(expected)))
    for (const messages of heard.slice(1)) {
      expect(messages.filter((message) => message === expected)).toHaveLength(1)
    }
    expect(heard[0]).toEqual([])
  })

  it('forwards what a validator accepts and stops what it rejects or ignores', async () => {
    const [a, middle, c] = await network(3, 'line')
    const heardByC: string[] = []
    const judged: string[] = []
    middle!.subscribe(
      TOPIC,
      (message) => {
        const text = Buffer.from(message).toString()
        judged.push(text)
        return text.startsWith('bad') ? 'reject' : text.startsWith('old') ? 'ignore' : 'accept'
      },
      () => undefined,
    )
    a!.subscribe(
      TOPIC,
      () => 'accept',
      () => undefined,
    )
    c!.subscribe(
      TOPIC,
      () => 'accept',
      (message) => heardByC.push(Buffer.from(message).toString()),
    )
    await untilHeard(a!, [heardByC])
    await a!.publish(TOPIC, utf8('bad 1'))
    await a!.publish(TOPIC, utf8('old 1'))
    await eventually(() => judged.includes('bad 1') && judged.includes('old 1'))
    await a!.publish(TOPIC, utf8('good 1'))
    await eventually(() => heardByC.includes('good 1'))
    expect(heardByC.filter((text) => !text.startsWith('warm'))).toEqual(['good 1'])
  })

  it('delivers nothing after the subscription closed', async () => {
    const [a, b] = await network(2)
    const heard: string[] = []
    const control: string[] = []
    const listen = (into: string[]) =>
      b!.subscribe(
        TOPIC,
        () => 'accept',
        (message) => into.push(Buffer.from(message).toString()),
      )
    const first = listen(heard)
    listen(control)
    await untilHeard(a!, [heard, control])
    first.close()
    await a!.publish(TOPIC, utf8('after'))
    await eventually(() => control.includes('after'))
    expect(heard).not.toContain('after')
  })
}

function discoveryTests(network: MakeNetwork): void {
  it('finds the peers that announced a key, and nobody for another key', async () => {
    const [a, b, c] = await network(3)
    const key = new Uint8Array(32).fill(9)
    await Promise.all([a!.provide(key), b!.provide(key)])
    const found = new Set<string>()
    await eventually(async () => {
      for await (const peer of c!.findProviders(key)) {
        found.add(peer.peerId)
        if (peer.peerId === a!.self.peerId) expect(peer.identityKey).toEqual(a!.self.identityKey)
      }
      return found.size === 2
    })
    expect(found).toEqual(new Set([a!.self.peerId, b!.self.peerId]))
    for await (const peer of c!.findProviders(new Uint8Array(32).fill(10))) {
      expect.unreachable(`${peer.peerId} did not announce this key`)
    }
  })
}

async function echo(stream: MessageStream): Promise<void> {
  for (let message = await stream.receive(); message; message = await stream.receive()) {
    await stream.send(message)
  }
}

/** A gossip mesh needs a moment: warm-up messages until every listener heard one. */
async function untilHeard(from: Transport, listeners: readonly string[][]): Promise<void> {
  let count = 0
  await eventually(async () => {
    count += 1
    await from.publish(TOPIC, utf8(`warm ${count}`))
    return listeners.every((messages) => messages.some((message) => message.startsWith('warm')))
  })
}
