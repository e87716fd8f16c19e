/** Every check of `cocoon doctor`, passing on a good machine and failing on the one it is for. */
import { describe, expect, it } from 'vitest'
import { SURVEY_TIME_LIMIT_MS } from '#node/doctor/constants.ts'
import { type CheckResult, examine } from '#node/doctor/examine.ts'
import { pass } from '#node/doctor/finding.ts'
import type { Surroundings } from '#node/doctor/surroundings.ts'
import { CHECKS } from '#node/doctor/table.ts'
import { coinsIn } from '#node/text.ts'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'

const NOW_MS = Date.UTC(2026, 10, 23)
const keys = { file: '/data/keys.json', mode: 0o600, isReadable: true, walletAddress: () => '0:aa' }
const network = {
  name: 'made-up',
  file: '/net.json',
  globalId: 7411,
  chainUrl: 'http://127.0.0.1:1',
  bootstrap: ['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/2'],
}

const good: Surroundings = {
  nodeVersion: '24.21.0',
  apiPort: 11435,
  dataRoot: '/data',
  depositNano: 1_000n,
  coins: coinsIn('TON'),
  dataDir: (role) => `/data/${role}`,
  nowMs: () => NOW_MS,
  clockStepMs: () => 3,
  port: async () => 'free',
  canListen: async () => true,
  peerPorts: () => [],
  freeBytes: async () => 50_000_000_000,
  fsyncMs: async () => [900, 1, 2, 1, 3],
  folderMode: () => 0o700,
  isWritable: () => true,
  store: () => ({ kind: 'sound' }),
  keys: () => keys,
  onnxruntime: async () => ({ version: '1.30.0', providers: ['cpu', 'webgpu'] }),
  tee: async () => [{ name: 'tee-device', status: 'pass', detail: '/dev/tdx_guest', remedy: '' }],
  network: () => network,
  chain: async () => ({ blockAtMs: NOW_MS - 4_000, seqno: 9 }),
  balanceNano: async () => 10_000_000_000n,
  answers: async (address) => address.endsWith('1'),
  connections: async () => ({ peers: 3, inbound: 1 }),
}

const broken = (): never => {
  throw new ConfigError('NETWORK_FILE', 'cannot read the network file')
}
const unreachable = async (): Promise<never> => {
  throw new UnavailableError('CHAIN_UNREACHABLE', 'the chain does not answer')
}

const launched = {
  ...{ runtime: 'ab'.repeat(32), folder: '/dev/shm', bytesFree: 9_000_000_000 },
  ...{ bytesNeeded: 4_000_000_000, swaps: [] },
}

const SILENT_GPU = { isInstalled: true, answers: false, adapters: [], trouble: 'no driver' }

/** Check, what is wrong with the machine, what the check must say of it. */
const WRONG: readonly [string, Partial<Surroundings>, 'warn' | 'fail', RegExp][] = [
  [
    'upstream',
    {
      upstream: async () => {
        throw new UnavailableError('UPSTREAM_UNREACHABLE', 'the upstream server does not answer')
      },
    },
    'fail',
    /UPSTREAM_UNREACHABLE/,
  ],
  [
    'upstream',
    { upstream: async () => ({ engine: 'openai', model: 'm', exactTokenIds: false }) },
    'warn',
    /no recount, no resume/,
  ],
  [
    'launch',
    {
      launch: async () => {
        throw new ConfigError('LAUNCH_FILE_CHANGED', '/usr/bin/python3 is not what it says')
      },
    },
    'fail',
    /LAUNCH_FILE_CHANGED: \/usr\/bin\/python3/,
  ],
  [
    'launch',
    { launch: async () => ({ ...launched, bytesFree: 3_900_000_000 }) },
    'fail',
    /3719 MiB free at \/dev\/shm, 3815 MiB needed/,
  ],
  [
    'launch',
    { launch: async () => ({ ...launched, swaps: ['/dev/sda2', '/swapfile'] }) },
    'warn',
    /swap on \/dev\/sda2, \/swapfile/,
  ],
  [
    'launch',
    { launch: async () => ({ ...launched, bytesNeeded: undefined }) },
    'warn',
    /the model is not here/,
  ],
  ['node', { nodeVersion: '20.20.2' }, 'fail', /20\.20\.2/],
  [
    'gpu-webgpu',
    {
      device: 'webgpu',
      gpus: async () => ({
        ...{ renderNodes: 0, vulkanDrivers: [], nvidia: undefined },
        webgpu: { ...SILENT_GPU, device: 'webgpu' },
        cuda: { ...SILENT_GPU, device: 'cuda' },
      }),
    },
    'fail',
    /no driver/,
  ],
  [
    'onnxruntime',
    { onnxruntime: () => Promise.reject(new Error('x')) },
    'fail',
    /cannot be loaded/,
  ],
  ['onnxruntime', { onnxruntime: async () => ({ version: '1', providers: [] }) }, 'fail', /^1/],
  ['disk-space', { freeBytes: async () => 10_000_000 }, 'fail', /^9 MiB free/],
  ['disk-space', { freeBytes: async () => 500_000_000 }, 'warn', /^476 MiB free/],
  ['disk-sync', { fsyncMs: async () => [80, 90, 100] }, 'warn', /^90\.0 ms .*slow/],
  ['disk-sync', { fsyncMs: async () => [] }, 'warn', /not measured/],
  ['data-provider', { isWritable: () => false }, 'fail', /provider cannot be written/],
  ['data-client', { folderMode: () => 0o755 }, 'warn', /open to others \(0755\)/],
  ['data-provider', { folderMode: () => 0o750 }, 'warn', /0750/],
  ['data-client', { isWritable: (folder) => !folder.endsWith('client') }, 'fail', /client cannot/],
  [
    'store-provider',
    { store: () => ({ kind: 'damaged', why: 'x is damaged' }) },
    'fail',
    /damaged/,
  ],
  ['store-client', { store: () => ({ kind: 'damaged', why: 'x is damaged' }) }, 'fail', /damaged/],
  ['keys-provider', { keys: () => ({ ...keys, mode: 0o644 }) }, 'fail', /by others \(0644\)/],
  ['keys-client', { keys: () => ({ ...keys, isReadable: false }) }, 'fail', /damaged/],
  ['api-port', { port: async () => 'taken' }, 'fail', /11435 is taken/],
  ['peer-port', { canListen: async () => false }, 'fail', /may not listen/],
  [
    'peer-port',
    {
      connections: async () => undefined,
      peerPorts: () => [4001, 4002],
      port: async (port) => (port === 4001 ? 'free' : 'taken'),
    },
    'warn',
    /^4002 taken/,
  ],
  ['clock', { clockStepMs: () => -3_600_000 }, 'warn', /moved -3600000 ms/],
  ['network', { network: () => undefined }, 'warn', /none is configured/],
  ['network', { network: broken }, 'fail', /cannot read/],
  ['chain', { chain: unreachable }, 'fail', /CHAIN_UNREACHABLE/],
  [
    'chain',
    { chain: async () => ({ blockAtMs: NOW_MS - 500_000, seqno: 9 }) },
    'fail',
    /500 s old/,
  ],
  ['chain', { network: () => undefined }, 'warn', /needs a network/],
  ['chain-clock', { nowMs: () => NOW_MS - 60_000 }, 'fail', /56 s ahead of this clock/],
  ['chain-clock', { nowMs: () => NOW_MS + 600_000 }, 'warn', /604 s behind this clock/],
  ['chain-clock', { network: broken }, 'warn', /needs a network/],
  ['wallet-provider', { balanceNano: async () => 5n }, 'warn', /^0.000000005 TON at 0:aa/],
  ['wallet-provider', { keys: () => ({ ...keys, isReadable: false }) }, 'fail', /cannot be read/],
  ['wallet-client', { balanceNano: async () => 999n }, 'warn', /^0.000000999 TON/],
  ['wallet-client', { balanceNano: unreachable }, 'fail', /CHAIN_UNREACHABLE/],
  ['bootstrap', { answers: async () => false }, 'fail', /^0 of 2 first peers/],
  [
    'reachability-provider',
    { connections: async () => ({ peers: 2, inbound: 0 }) },
    'warn',
    /^2 peers/,
  ],
  [
    'reachability-provider',
    { connections: async () => ({ peers: 0, inbound: 0 }) },
    'fail',
    /^0 peers/,
  ],
  [
    'reachability-client',
    { connections: async () => ({ peers: 0, inbound: 0 }) },
    'fail',
    /^0 peers/,
  ],
  [
    'tee-device',
    { tee: async () => [{ name: 'tee-device', status: 'fail', detail: 'gone', remedy: 'mend' }] },
    'fail',
    /^gone/,
  ],
]

/** What is unusual and right all the same. */
const RIGHT: readonly [string, Partial<Surroundings>, RegExp][] = [
  ['launch', { launch: async () => launched }, /^runtime (ab){32}, 8583 MiB free/],
  ['data-client', { folderMode: () => undefined }, /will be made/],
  ['store-client', { store: () => ({ kind: 'in-use', pid: 7 }) }, /process 7/],
  ['store-client', { store: () => ({ kind: 'missing' }) }, /first start/],
  ['keys-client', { keys: () => undefined }, /first start/],
  ['wallet-client', { keys: () => undefined }, /first start/],
  ['api-port', { port: async () => 'cocoon' }, /a cocoon client answers/],
  ['api-port', { apiPort: 0 }, /any free port/],
  ['peer-port', { peerPorts: () => [4001], connections: async () => undefined }, /^4001 free/],
  [
    'peer-port',
    { peerPorts: () => [4001], port: async () => 'taken' },
    /of the provider that runs/,
  ],
  ['bootstrap', { network: () => ({ ...network, bootstrap: [] }) }, /would be the first/],
  ['reachability-provider', { connections: async () => undefined }, /no provider runs/],
  ['reachability-client', { connections: async () => ({ peers: 1, inbound: 0 }) }, /^1 peers/],
]

async function resultOf(name: string, changes: Partial<Surroundings>): Promise<CheckResult> {
  const wanted = CHECKS.filter((check) => check.name === (name === 'tee-device' ? 'tee' : name))
  const { checks } = await examine(wanted, { ...good, ...changes })
  const found = checks.find((result) => result.name === name)
  if (found === undefined) throw new Error(`no check ${name}`)
  return found
}

describe('cocoon doctor', () => {
  it('finds nothing to mend on a good machine, each check with what it found', async () => {
    const { ok, counts, checks } = await examine(CHECKS, good)
    expect([ok, counts]).toEqual([true, { pass: CHECKS.length, warn: 0, fail: 0 }])
    expect(checks.every(({ found, fix }) => found.length > 0 && fix === '')).toBe(true)
    expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length)
  })

  it('has a machine for each check on which it does not pass', () => {
    const names = CHECKS.map(({ name }) => (name === 'tee' ? 'tee-device' : name))
    expect([...new Set(WRONG.map(([name]) => name))].sort()).toEqual([...names].sort())
  })

  it.each(WRONG)('%s sees what is wrong %#', async (name, changes, health, found) => {
    const result = await resultOf(name, changes)
    expect([result.health, result.found]).toEqual([health, expect.stringMatching(found)])
    expect(result.fix.length).toBeGreaterThan(3)
  })

  it.each(RIGHT)('%s lets pass what is right %#', async (name, changes, found) => {
    const result = await resultOf(name, changes)
    expect([result.health, result.found]).toEqual(['pass', expect.stringMatching(found)])
  })

  it('gives up a check at its time limit, and goes on', async () => {
    const checks = [
      { name: 'hangs', limitMs: 5, run: () => new Promise<never>(() => undefined) },
      { name: 'next', limitMs: SURVEY_TIME_LIMIT_MS, run: () => pass('reached') },
    ]
    const { ok, checks: results } = await examine(checks, good)
    expect(ok).toBe(false)
    expect(results.map(({ name, health }) => [name, health])).toEqual([
      ['hangs', 'fail'],
      ['next', 'pass'],
    ])
    expect(results[0]?.found).toContain('5 ms')
  })

  it('says what it does while it does it', async () => {
    const told: string[] = []
    await examine(CHECKS.slice(0, 2), good, {
      started: (name) => told.push(`> ${name}`),
      finished: ({ name }) => told.push(`< ${name}`),
    })
    expect(told).toEqual(['> node', '< node', '> onnxruntime', '< onnxruntime'])
  })
})
