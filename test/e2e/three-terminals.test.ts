/**
 * Three terminals, as the README has them: a testnet, a provider and a light client, each a process of
 * its own that a person started. One story, told in order. The provider's wallet is sealed by a passphrase,
 * and the client's key lies with a signer in another process: what they pay and earn, they do with these.
 */
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Address } from '@ton/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LocalApi } from '#node/gateway/local-api-client.ts'
import { controlSocketPath } from '#node/status/control-socket.ts'
import { type PeerStatus, peerStatusSchema } from '#node/status/status-document.ts'
import { readNetworkFile } from '#node/testnet/network-file.ts'
import { SCRYPT_COST_MIN } from '#node/wallet/constants.ts'
import { writeWalletFile } from '#node/wallet/key-file.ts'
import { publicKeyOf, sealSeed } from '#node/wallet/sealing.ts'
import { tonClientReader } from '#settlement/chain/ton-client-reader.ts'
import { walletAddress } from '#settlement/wallet/body.ts'
import { eventually } from '../support/eventually.ts'
import { listeningPorts, udpSockets } from '../support/open-sockets.ts'
import { copyProgram } from '../support/program-copy.ts'
import { slowness } from '../support/slowness.ts'
import {
  type CliOptions,
  type CliProcess,
  cli,
  parseStatus,
  type Status,
  startCli,
} from '../support/testnet-cli.ts'

const START_LIMIT_MS = 180_000
const DEFAULT_API_PORT = 11_435
/** The promise: so long after joining, an offer is in every book; of a machine that has nothing else to do. */
const IN_EVERY_BOOK_MS = 5_000
/** Dear enough that one answer pays more than its claim costs. */
const PRICE = '1000'
const PASSPHRASE = 'five words that nobody guesses'
const PROVIDER_SEED = new Uint8Array(32).fill(0x51)
const SIGNER_SEED = new Uint8Array(32).fill(0x52)
const SIGNER = [process.execPath, path.resolve('examples/external-signer.ts')]

let home: string
let testnet: CliProcess
let status: Status
let up: CliProcess
let client: CliProcess
let upStatus: PeerStatus
let clientStatus: PeerStatus

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'cocoon-three-'))
  await keepKeysElsewhere()
  testnet = await startTestnet('three-terminals')
  status = parseStatus((await cli(['testnet', 'status', '--json'], { home })).stdout)
}, 2 * START_LIMIT_MS)

afterAll(async () => {
  for (const one of [up, client, testnet]) one?.signal('SIGKILL')
  await rm(home, { recursive: true, force: true })
})

async function keepKeysElsewhere(): Promise<void> {
  for (const role of ['provider', 'client']) mkdirSync(dataDir(role), { mode: 0o700 })
  writeWalletFile(dataDir('provider'), await sealSeed(PROVIDER_SEED, PASSPHRASE, SCRYPT_COST_MIN))
  writeFileSync(passphraseFile(), `${PASSPHRASE}\n`, { mode: 0o600 })
  const publicKey = publicKeyOf(SIGNER_SEED)
  const format = 'cocoon-wallet/1'
  writeWalletFile(dataDir('client'), { format, kind: 'external', publicKey, command: SIGNER })
}

const passphraseFile = (): string => path.join(home, 'passphrase')

/** Of the wallet of a seed, on the network of the testnet. */
const addressOf = (seed: Uint8Array): string => {
  const publicKey = new Uint8Array(Buffer.from(publicKeyOf(seed), 'hex'))
  return walletAddress(publicKey, readNetworkFile(status.network).globalId).toRawString()
}

async function startTestnet(seed: string): Promise<CliProcess> {
  const started = startCli(['testnet', '--providers', '1', '--seed', seed], { home })
  await isReady(started, () => started.stdout())
  return started
}

/** Ready, or the reason why it ended. */
async function isReady(one: CliProcess, text: () => string): Promise<void> {
  let result: Awaited<CliProcess['ended']> | undefined
  void one.ended.then((ended) => {
    result = ended
  })
  await eventually(() => {
    if (result !== undefined) throw new Error(`ended with ${result.code}:\n${result.stderr}`)
    return /^ready in /m.test(text())
  }, START_LIMIT_MS)
}

async function startPeer(
  parameters: readonly string[],
  options: Partial<CliOptions> = {},
): Promise<CliProcess> {
  const started = startCli(parameters, { home, ...options })
  await isReady(started, () => started.stderr())
  return started
}

/** Holds a port of loopback; somebody else may hold it already. */
function takePort(port: number): Promise<Server> {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<Server>()
  server.once('error', () => resolve(server))
  server.listen({ host: '127.0.0.1', port }, () => resolve(server))
  return promise
}

const dataDir = (role: string): string => path.join(home, role)

async function askStatus(role: string): Promise<PeerStatus> {
  const { code, stdout, stderr } = await cli(['status', '--json', '--data', dataDir(role)], {
    home,
  })
  if (code !== 0) throw new Error(stderr)
  return peerStatusSchema.parse(JSON.parse(stdout).peers[0])
}

const bookOf = async (apiUrl: string): Promise<string[]> =>
  (await new LocalApi(apiUrl).offers()).map(({ peerId }) => peerId)

const apiUrlOf = ({ client }: PeerStatus): string => client!.apiUrl

const ask = (apiUrl: string) =>
  cli(['run', 'cocoon-demo', 'What is Cocoon?', '--json', '--api', apiUrl], { home })

const balanceOf = (networkFile: string, wallet: string): Promise<bigint> => {
  const { chainUrl, globalId } = readNetworkFile(networkFile)
  return tonClientReader({
    endpoint: chainUrl,
    globalId,
    fetch: globalThis.fetch,
    timeoutSignal: AbortSignal.timeout,
  }).balance(Address.parseRaw(wallet))
}

describe('three terminals', () => {
  it('cocoon client makes what is missing, says where, and listens on its API alone', async () => {
    // The default port is taken, as it is beside a testnet: any free one does.
    const taken = await takePort(DEFAULT_API_PORT)
    client = await startPeer(['client', '--network', status.network], {
      environment: {
        COCOON_API_PORT: undefined,
        SIGNER_SEED: Buffer.from(SIGNER_SEED).toString('hex'),
      },
    })
    taken.close()
    expect(client.stderr()).toMatch(/^wallet key +kept by another program: /m)
    for (const part of ['identity', 'wallet', 'keys', dataDir('client')]) {
      expect(client.stderr()).toContain(part)
    }
    expect(client.stderr()).toMatch(/^keys +made: /m)
    clientStatus = await askStatus('client')
    expect(clientStatus.wallet).toBe(addressOf(SIGNER_SEED))
    const port = Number(new URL(apiUrlOf(clientStatus)).port)
    expect(port).not.toBe(DEFAULT_API_PORT)
    expect(listeningPorts(client.pid)).toEqual([port])
    expect(udpSockets(client.pid)).toBe(0)
    expect(clientStatus).toMatchObject({ reachability: 'dials-only', addresses: [], inbound: 0 })
    expect(listeningPorts(status.peers[0]!.pid).length).toBeGreaterThan(0)
  })

  it('cocoon up without a network joins the running one, and is in every book within 5 s', async () => {
    const metrics = ['--metrics-port', '0']
    up = await startPeer([
      'up',
      '--price',
      PRICE,
      '--passphrase-file',
      passphraseFile(),
      ...metrics,
    ])
    expect(up.stderr()).toMatch(/^wallet key +sealed by a passphrase: /m)
    expect(up.stderr()).toMatch(/^model +cocoon-demo, root [0-9a-f]{64}$/m)
    expect(up.stderr()).toMatch(/^engine +onnxruntime-node \S+ \((native|portable), cpu\)$/m)
    const [, metricsUrl] = /^metrics +(http\S+)$/m.exec(up.stderr()) ?? []
    expect(await (await fetch(metricsUrl!)).text()).toContain('cocoon_')
    const joined = performance.now()
    upStatus = await askStatus('provider')
    for (const apiUrl of [status.apiUrl, apiUrlOf(clientStatus)]) {
      const leftMs = IN_EVERY_BOOK_MS * slowness() - (performance.now() - joined)
      await eventually(async () => (await bookOf(apiUrl)).includes(upStatus.peerId), leftMs)
    }
    expect(upStatus).toMatchObject({
      role: 'provider',
      wallet: addressOf(PROVIDER_SEED),
      state: 'running',
      provider: { model: 'cocoon-demo', slotsTotal: 4, earnedNano: '0' },
    })
  })

  it('the control socket is private to its owner', () => {
    expect(statSync(controlSocketPath(dataDir('provider'))).mode & 0o777).toBe(0o600)
    expect(statSync(dataDir('provider')).mode & 0o077).toBe(0)
  })

  it('a sealed wallet that nobody opens ends the peer with code 4, before it does anything', async () => {
    const sealed = path.join(home, 'sealed')
    mkdirSync(sealed, { mode: 0o700 })
    writeWalletFile(sealed, await sealSeed(PROVIDER_SEED, PASSPHRASE, SCRYPT_COST_MIN))
    const { code, stderr } = await cli(['up', '--price', PRICE, '--data', sealed], { home })
    expect(stderr).toContain('WALLET_PASSPHRASE_MISSING')
    expect(code).toBe(4)
  })

  it('a second peer on the same data folder is refused with the pid of the first', async () => {
    const { code, stderr } = await cli(['up', '--price', PRICE], { home })
    expect(code).toBe(1)
    expect(stderr).toContain('STORE_LOCKED')
    expect(stderr).toContain(`process ${up.pid}`)
    expect(stderr).toContain('--data')
  })

  it('--listen takes the address that it names or none: a taken port ends it with code 2', async () => {
    const [address = ''] = upStatus.addresses
    const listen = address.replace(/\/p2p\/.*$/, '')
    const other = ['--data', path.join(home, 'other')]
    const { code, stderr } = await cli(['up', '--listen', listen, ...other], { home })
    expect(stderr).toContain('LISTEN_FAILED')
    expect(stderr).toContain(listen)
    expect(code).toBe(2)
  })

  it('the provider answers a client of another terminal when the testnet has lost its own', async () => {
    process.kill(status.peers.find(({ role }) => role === 'provider')!.pid, 'SIGKILL')
    const { code, stdout, stderr } = await ask(apiUrlOf(clientStatus))
    expect(stderr).toContain('verdict  accepted, tier simulated')
    expect(code).toBe(0)
    expect(JSON.parse(stdout).answer.length).toBeGreaterThan(20)
    // Its side of the answer may end a moment after the client has all of it.
    await eventually(async () => {
      upStatus = await askStatus('provider')
      return upStatus.provider?.answers === 1
    })
    expect(BigInt(upStatus.provider!.earnedNano)).toBeGreaterThan(0n)
    expect(upStatus.provider!.channels.open).toBe(1)
    expect(upStatus).toMatchObject({ reachability: 'reached' })
  })

  it(
    'a job of the light client is heard, bid for and done, though nobody can dial it',
    async () => {
      const file = path.join(home, 'job.jsonl')
      await writeFile(file, '{"prompt": "What is a receipt?", "max_tokens": 8}\n')
      const apiUrl = apiUrlOf(clientStatus)
      const submitted = await cli(['jobs', 'submit', file, '--json', '--api', apiUrl], { home })
      expect(submitted).toMatchObject({ code: 0 })
      const { id } = JSON.parse(submitted.stdout)
      await eventually(async () => {
        const job = (await new LocalApi(apiUrl).jobs()).find((one) => one.id === id)
        if (job?.status === 'failed') throw new Error(job.error ?? 'failed')
        return job?.status === 'done'
      }, START_LIMIT_MS)
      const { bids } = (await askStatus('provider')).provider!
      expect(bids).toMatchObject({ made: 1, won: 1, lost: 0 })
      upStatus = await askStatus('provider')
    },
    2 * START_LIMIT_MS,
  )

  it('cocoon drain ends it with exit code 0, and its wallet has earned', async () => {
    const before = await balanceOf(status.network, upStatus.wallet)
    const { code, stderr } = await cli(['drain', '--data', dataDir('provider')], { home })
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stderr).toContain(`process ${up.pid}`)
    expect((await up.ended).code).toBe(0)
    expect(await balanceOf(status.network, upStatus.wallet)).toBeGreaterThan(before)
  })

  it(
    'an upgrade in place keeps identity, wallet and channels',
    async () => {
      const [channel] = await new LocalApi(apiUrlOf(clientStatus)).channels()
      const program = copyProgram(path.join(home, 'program'), '0.99.0')
      up = await startPeer(['up', '--network', status.network, '--price', PRICE], {
        program,
        environment: { COCOON_WALLET_PASSPHRASE: PASSPHRASE },
      })
      const after = await askStatus('provider')
      expect(after.version).toContain('0.99.0')
      expect(upStatus.version).not.toContain('0.99.0')
      expect(after.peerId).toBe(upStatus.peerId)
      expect(after.wallet).toBe(upStatus.wallet)
      expect(after.provider!.earnedNano).toBe(upStatus.provider!.earnedNano)
      await eventually(async () => (await ask(apiUrlOf(clientStatus))).code === 0, START_LIMIT_MS)
      const channels = await new LocalApi(apiUrlOf(clientStatus)).channels()
      expect(channels.map(({ address }) => address)).toEqual([channel!.address])
      expect(channels[0]!.leafCount).toBeGreaterThan(channel!.leafCount)
      // Where it was reached before it is reached again.
      expect(after.addresses).toEqual(upStatus.addresses)
    },
    3 * START_LIMIT_MS,
  )

  it('SIGTERM is a drain too', async () => {
    for (const one of [client, up]) one.signal('SIGTERM')
    for (const one of [client, up]) {
      const { code, stderr } = await one.ended
      expect({ code, stderr }).toMatchObject({ code: 0 })
      expect(stderr).toContain('draining')
    }
    const { code, stderr } = await cli(['status'], { home })
    expect(code).toBe(3)
    expect(stderr).toContain('PEER_NOT_RUNNING')
  })

  it(
    'the same keys join another network with coins of that chain and no old channels',
    async () => {
      testnet.signal('SIGINT')
      expect((await testnet.ended).code).toBe(0)
      testnet = await startTestnet('three-terminals-again')
      up = await startPeer(['up', '--passphrase-file', passphraseFile()])
      expect(up.stderr()).toMatch(/^wallet .*given 100 TON by the embedded chain$/m)
      expect(up.stderr()).toMatch(/^keys +read: /m)
      const again = await askStatus('provider')
      expect(again.peerId).toBe(upStatus.peerId)
      expect(again.network).not.toBe(upStatus.network)
      expect(again.provider).toMatchObject({ earnedNano: '0', channels: { open: 0, closed: 0 } })
    },
    2 * START_LIMIT_MS,
  )
})
