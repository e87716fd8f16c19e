/** Our own methods: faucet, time, books, snapshots, faults. No real network has them. */
import { z } from 'zod'
import { ConfigError } from '#protocol/errors.ts'
import { FAUCET_NANO_MAX, SNAPSHOTS_MAX, TIME_STEP_S_MAX } from '../constants.ts'
import { type Faults, faultsSchema } from '../faults.ts'
import type { Ledger } from '../ledger.ts'
import { type DevchainSnapshot, encodeSnapshot } from '../snapshot.ts'
import { address, type Methods, method } from './method.ts'

const nothing = z.object({})
const named = z.object({ name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/) })
const done = { '@type': 'ok' }

/** Named snapshots live as long as the process. */
export function devMethods(ledger: Ledger, faults: Faults): Methods {
  const snapshots = new Map<string, DevchainSnapshot>()
  return {
    dev_faucet: method(
      z.object({ address, nano: z.coerce.bigint().min(1n).max(FAUCET_NANO_MAX) }),
      async (_view, params) => {
        await ledger.faucet(params.address, params.nano)
        return done
      },
    ),
    dev_totals: method(nothing, () => {
      const amounts = Object.entries(ledger.totals())
      return Object.fromEntries(amounts.map(([name, nano]) => [name, String(nano)]))
    }),
    dev_sizes: method(nothing, () => ledger.sizes()),
    dev_time: method(
      z.object({ addSeconds: z.number().int().min(0).max(TIME_STEP_S_MAX) }),
      async (_view, params) => ({ now: await ledger.advanceTime(params.addSeconds) }),
    ),
    dev_mine: method(nothing, async () => ({ seqno: (await ledger.mine()).seqno })),
    dev_snapshot: method(nothing, async () => JSON.parse(encodeSnapshot(await ledger.save()))),
    dev_snapshot_save: method(named, async (_view, { name }) => {
      if (!snapshots.has(name) && snapshots.size >= SNAPSHOTS_MAX) throw tooMany()
      snapshots.set(name, await ledger.save())
      return done
    }),
    dev_snapshot_restore: method(named, async (_view, { name }) => {
      const saved = snapshots.get(name)
      if (saved === undefined) throw unknown(name)
      await ledger.restore(saved)
      return done
    }),
    dev_snapshot_drop: method(named, (_view, { name }) => {
      if (!snapshots.delete(name)) throw unknown(name)
      return done
    }),
    dev_snapshots: method(nothing, () => [...snapshots.keys()]),
    dev_faults: method(faultsSchema, (_view, params) => {
      faults.set(params)
      return done
    }),
  }
}

function unknown(name: string): ConfigError {
  return new ConfigError('SNAPSHOT_UNKNOWN', `this chain has no snapshot ${name}`)
}

function tooMany(): ConfigError {
  return new ConfigError('SNAPSHOTS_FULL', `at most ${SNAPSHOTS_MAX} snapshots are kept`, {
    remedy: 'Drop one with dev_snapshot_drop.',
  })
}
