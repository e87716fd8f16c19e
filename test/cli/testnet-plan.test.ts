/** What a seed decides, which process runs whom, and where a process reads it. */
import { readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CLIENTS_MAX,
  OWN_PROCESS_PEERS_MAX,
  PROVIDERS_MAX,
  RUNS_KEPT_MAX,
} from '#node/testnet/constants.ts'
import { planTestnet, randomSeed } from '#node/testnet/derive.ts'
import { layOut } from '#node/testnet/layout.ts'
import {
  type ProcessConfig,
  processConfigText,
  readProcessConfig,
} from '#node/testnet/peer-config.ts'
import { openRunFolder, readCurrentRun } from '#node/testnet/run-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

describe('a plan', () => {
  it('is decided by its seed', () => {
    expect(planTestnet('a', 3, 1)).toEqual(planTestnet('a', 3, 1))
    expect(planTestnet('a', 3, 1).manufacturerSeed).not.toEqual(
      planTestnet('b', 3, 1).manufacturerSeed,
    )
    expect(randomSeed()).not.toBe(randomSeed())
  })

  it('keeps a peer as it is when others are added', () => {
    const few = planTestnet('a', 3, 1).providers[0]!
    const many = planTestnet('a', 9, 4).providers[0]!
    expect(many.identitySeed).toEqual(few.identitySeed)
    expect(many.walletSeed).toEqual(few.walletSeed)
  })

  it('has no key twice and no price twice', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: PROVIDERS_MAX }), (seed, count) => {
        const { providers, clients } = planTestnet(seed, count, CLIENTS_MAX)
        const keys = [...providers, ...clients].flatMap((peer) => [
          Buffer.from(peer.identitySeed).toString('hex'),
          Buffer.from(peer.walletSeed).toString('hex'),
        ])
        expect(new Set(keys).size).toBe(2 * (count + CLIENTS_MAX))
        const prices = providers.map(({ prices }) => prices.completionNanoPerMtok)
        expect(new Set(prices).size).toBe(count)
        expect(prices.every((price) => price > 0n)).toBe(true)
      }),
      { numRuns: 25 },
    )
  })
})

describe('the layout', () => {
  const model = { id: 'm', root: 'ab'.repeat(32), folder: '/m' }
  const layout = (providers: number, clients: number) => {
    const run = openRunFolder(temporaryFolder(), '20260101-000000')
    run.release()
    const plan = planTestnet('a', providers, clients)
    return layOut({ plan, run, model, apiPort: 11435, apiPortFallback: false })
  }

  it('starts with a provider and gives each peer its process', () => {
    expect(layout(3, 1).map(({ name }) => name)).toEqual([
      'provider-1',
      'client-1',
      'provider-2',
      'provider-3',
    ])
  })

  it('puts what is beyond the limit into one process', () => {
    const processes = layout(20, 2)
    expect(processes).toHaveLength(OWN_PROCESS_PEERS_MAX + 1)
    expect(processes.at(-1)?.peers).toHaveLength(20 + 2 - OWN_PROCESS_PEERS_MAX)
    expect(new Set(processes.flatMap(({ peers }) => peers.map(({ name }) => name))).size).toBe(22)
  })

  it('is read back from its file as it was', () => {
    const file = path.join(temporaryFolder(), 'process.json')
    for (const { peers } of layout(2, 1)) {
      const config: ProcessConfig = {
        format: 'cocoon-peer-process/1',
        networkFile: '/n',
        logLevel: 'warn',
        peers: [...peers],
      }
      writeFileSync(file, processConfigText(config))
      expect(readProcessConfig(file)).toEqual(config)
    }
  })

  it('refuses a damaged file without quoting it', () => {
    const file = path.join(temporaryFolder(), 'process.json')
    writeFileSync(file, '{"seed":"secret')
    expect(() => readProcessConfig(file)).toThrow(expect.objectContaining({ code: 'PEER_CONFIG' }))
    expect(() => readProcessConfig(file)).not.toThrow('secret')
  })
})

describe('the folder', () => {
  it('keeps the last runs and forgets which is current when it ends', () => {
    const dir = temporaryFolder()
    const names = Array.from({ length: 7 }, (_, index) => {
      const run = openRunFolder(dir, `2026010${index + 1}-000000`)
      expect(readCurrentRun(dir)?.run).toBe(run.name)
      run.release()
      return run.name
    })
    expect(readCurrentRun(dir)).toBeUndefined()
    expect(readdirSync(path.join(dir, 'runs'))).toEqual(names.slice(-RUNS_KEPT_MAX))
  })
})
