/** Calls between the benchmark and a peer's process, over Node's IPC. */
import { z } from 'zod'

const PeerCall = z.object({ id: z.int(), method: z.string(), argument: z.unknown() })
export const PeerReply = z.union([
  // NaN arrives as null.
  z.object({ id: z.int(), result: z.number().nullable() }),
  z.object({ id: z.int(), error: z.string() }),
])

/** Serves calls one after the other until the parent is gone. Every answer is a number. */
export function servePeer(
  methods: Readonly<Record<string, (argument: never) => Promise<number>>>,
): void {
  let last: Promise<unknown> = Promise.resolve()
  process.on('message', (raw) => {
    const { id, method, argument } = PeerCall.parse(raw)
    last = last
      .then(() => {
        const called = methods[method]
        if (called === undefined) throw new RangeError(`no method ${method}`)
        return called(argument as never)
      })
      .then(
        (result) => process.send?.({ id, result }),
        (thrown) => process.send?.({ id, error: String(thrown).slice(0, 1_024) }),
      )
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.({ id: 0, result: 0 })
}
