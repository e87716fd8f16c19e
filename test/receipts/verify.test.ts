/**
 * A receipt file of a real request: it verifies as anchored, and no byte of it can be changed. The short
 * form changes every byte of body, signatures, proof and voucher; `LONG=1` every byte of the file.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ReceiptVerdict, verifyReceiptFile } from '#node/receipts/verify.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import { type NetworkTrust, networkTrust } from '#node/trust.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import {
  decodeReceiptBody,
  decodeReceiptFile,
  encodeReceiptFile,
  type ReceiptFile,
} from '#protocol/receipt.ts'
import { delegateCell, openDelegate, signCell } from '#settlement/cells.ts'
import { snapshotReader } from '#settlement/chain/snapshot-reader.ts'
import type { ChainReader } from '#settlement/types.ts'
import { rejectionCode } from '../support/error-code.ts'
import { flipped } from '../support/role-forgeries.ts'
import { keyOf, type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'

let network: RoleNetwork
let bytes: Uint8Array
let file: ReceiptFile
let chain: ChainReader
let beforeClose: ChainReader
let settlementKey: ReturnType<typeof keyOf>

beforeAll(async () => {
  network = await startRoleNetwork()
  const provider = await TestProvider.start(network, 'seller')
  const client = await TestClient.start(network, 'buyer', [provider])
  await client.chat({ maxTokens: 5 })
  const { receiptFile } = await client.chat({ maxTokens: 20 })
  await client.chat({ maxTokens: 3 })
  beforeClose = snapshotReader(await network.devchain.snapshot())
  await client.settle()
  bytes = Uint8Array.from(readFileSync(receiptFile))
  file = decodeReceiptFile(bytes)
  chain = snapshotReader(await network.devchain.snapshot())
  settlementKey = provider.settlementKey
  await client.stop()
  await provider.stop()
})
afterAll(() => network.stop())

/** Derived once for each time that a receipt names: a simulated manufacturer takes 50 ms. */
const trusts = new Map<number, NetworkTrust>()
function trustAt(atMs: number): NetworkTrust {
  const trust = trusts.get(atMs) ?? networkTrust(network.file, crypto, atMs)
  trusts.set(atMs, trust)
  return trust
}

const verify = (
  changed: Uint8Array,
  context: { network?: NetworkFile; chain?: ChainReader } = {},
): Promise<ReceiptVerdict> =>
  verifyReceiptFile(changed, {
    ...{ network: network.file, chain, ...context },
    ...(context.network === undefined ? { trustAt } : {}),
  })

const failedSteps = ({ steps }: ReceiptVerdict): string[] =>
  steps.filter(({ status }) => status === 'failed').map(({ name }) => name)

test('the file as it is: anchored, every step passed or not required', async () => {
  const verdict = await verify(bytes)
  expect(failedSteps(verdict)).toEqual([])
  expect(verdict).toMatchObject({ ok: true, level: 'anchored', tier: 'simulated' })
})

test('against a chain without its root: acknowledged; without the channel: acknowledged', async () => {
  expect(await verify(bytes, { chain: beforeClose })).toMatchObject({
    ok: true,
    level: 'acknowledged',
  })
})

test('without proof and voucher: signed', async () => {
  const { acknowledgement: _, ...rest } = file
  expect(await verify(encodeReceiptFile(rest))).toMatchObject({ ok: true, level: 'signed' })
})

/** Where a part lies in the file. */
function rangeOf(part: Uint8Array): { readonly start: number; readonly end: number } {
  // The last one: the policy's digest also stands in the statement.
  const start = Buffer.from(bytes).lastIndexOf(part)
  if (start < 0) throw new Error('the part is not in the file')
  return { start, end: start + part.length }
}

describe('every byte changed, one at a time', () => {
  interface Part {
    readonly of: () => readonly Uint8Array[]
    /** One of these refuses it. */
    readonly steps: readonly string[]
    /** In the short form: every byte unless it says otherwise. */
    readonly stride?: number
  }
  const PARTS: Record<string, Part> = {
    body: {
      of: () => [file.receipt.body],
      steps: ['signature', 'body', 'statement', 'file-format'],
    },
    'receipt signature': { of: () => [file.receipt.signature], steps: ['signature'] },
    bill: {
      of: () => [file.receipt.billBoc, file.receipt.billSignature],
      steps: ['bill'],
    },
    proof: {
      of: () => [
        ...(file.acknowledgement?.proof.path ?? []),
        ...(file.acknowledgement?.proof.otherPeaks ?? []),
      ],
      steps: ['acknowledgement'],
    },
    voucher: {
      of: () => [
        file.acknowledgement?.voucher.boc ?? new Uint8Array(),
        file.acknowledgement?.voucher.signature ?? new Uint8Array(),
      ],
      steps: ['acknowledgement'],
    },
    'terms and delegation': {
      of: () => [file.termsBoc, file.delegate.boc, file.delegate.signature],
      steps: ['terms', 'delegation'],
      stride: 5,
    },
    'price quote': {
      of: () => [file.priceQuote.boc, file.priceQuote.signature],
      steps: ['price-quote'],
      stride: 5,
    },
    'policy digest and nonce': {
      of: () => [file.policyDigest, file.clientNonce],
      steps: ['policy', 'evidence/nonce'],
    },
  }

  test.each(Object.entries(PARTS))('%s', async (_, { of, steps, stride = 1 }) => {
    const accepted: number[] = []
    const unnamed: string[] = []
    for (const part of of()) {
      const { start, end } = rangeOf(part)
      expect(end - start).toBeGreaterThan(0)
      for (let at = start; at < end; at += stride) {
        const verdict = await verify(flipped(bytes, at, 1 << (at % 8)))
        if (verdict.ok) accepted.push(at - start)
        const failed = failedSteps(verdict)
        if (!failed.some((step) => steps.includes(step))) unnamed.push(`${at}: ${failed}`)
      }
    }
    expect(accepted).toEqual([])
    expect(unnamed).toEqual([])
  })

  test.runIf(process.env['LONG'] === '1')(
    'every byte of the file, three changes each',
    async () => {
      const accepted: string[] = []
      for (let at = 0; at < bytes.length; at++) {
        for (const mask of [0x01, 0x80, 0xff]) {
          const verdict = await verify(flipped(bytes, at, mask))
          if (verdict.ok) accepted.push(`${at} ^ ${mask}`)
        }
      }
      expect(accepted).toEqual([])
    },
    3_600_000,
  )

  test('a sample of every byte of the file, spread over all of it', async () => {
    const accepted: number[] = []
    for (let at = 0; at < bytes.length; at += 61) {
      if ((await verify(flipped(bytes, at, 1 << (at % 8)))).ok) accepted.push(at)
    }
    expect(accepted).toEqual([])
  })

  test('bytes after the end, and a file cut short', async () => {
    for (const changed of [
      new Uint8Array([...bytes, 0]),
      new Uint8Array([...bytes, ...bytes]),
      bytes.subarray(0, bytes.length - 1),
      new Uint8Array(0),
    ]) {
      expect(failedSteps(await verify(changed))).toEqual(['file-format'])
    }
  })
})

describe('another reader', () => {
  test('of a network with another manufacturer: the evidence leads to no root of his', async () => {
    const seed = toHex(crypto.sha256(new Uint8Array([99])))
    const other = { ...network.file, simulatedManufacturerSeed: seed }
    const verdict = await verify(bytes, { network: other })
    expect(verdict).toMatchObject({ ok: false, tier: 'open' })
    expect(failedSteps(verdict)).toEqual(expect.arrayContaining(['policy', 'evidence/anchor']))
  })

  test('with a policy of his own: what the network accepted is judged by his', async () => {
    const { policy } = trustAt(network.clock.nowMs())
    const stricter = { ...policy, name: 'mine', freshness: { ...policy.freshness } }
    const own = { ...stricter, sealingSuites: policy.sealingSuites.slice(0, 1) }
    const context = { network: network.file, chain }
    expect(await verifyReceiptFile(bytes, { ...context, ownPolicy: own })).toMatchObject({
      ok: true,
      level: 'anchored',
    })
    const harder = { ...own, hardware: { ...policy.hardware, tierMin: 'genuine' as const } }
    const verdict = await verifyReceiptFile(bytes, { ...context, ownPolicy: harder })
    expect(failedSteps(verdict)).toEqual(['evidence/hardware-identity', 'tier'])
  })

  test('of mainnet: terms, delegation and evidence are of another network', async () => {
    const { simulatedManufacturerSeed: _, ...rest } = network.file
    const mainnet = { ...rest, globalId: -239 }
    const verdict = await verify(bytes, { network: mainnet, chain: { ...chain, globalId: -239 } })
    expect(failedSteps(verdict)).toEqual(
      expect.arrayContaining(['delegation', 'terms', 'evidence/network', 'evidence/anchor']),
    )
    expect(verdict.tier).toBe('open')
  })

  test('of mainnet whose file names the simulated manufacturer: the file is refused', async () => {
    const mainnet = { ...network.file, globalId: -239 }
    const context = { network: mainnet, chain: { ...chain, globalId: -239 } }
    expect(await rejectionCode(verify(bytes, context))).toBe('SIMULATED_ON_MAINNET')
  })

  test('of mainnet that trusts the simulated root all the same: refused in code', async () => {
    const mainnet = { ...network.file, globalId: -239 }
    const context = { network: mainnet, chain: { ...chain, globalId: -239 } }
    const verdict = await verifyReceiptFile(bytes, { ...context, trustAt })
    expect(failedSteps(verdict)).toEqual(expect.arrayContaining(['evidence/anchor', 'tier']))
    const anchor = verdict.steps.find(({ name }) => name === 'evidence/anchor')
    expect(anchor?.detail).toMatch(/mainnet/)
    expect(verdict).toMatchObject({ ok: false, tier: 'open' })
  })
})

describe('parts that are good, of something else', () => {
  const changed = (change: Partial<ReceiptFile>): Promise<ReceiptVerdict> =>
    verify(encodeReceiptFile({ ...file, ...change }))

  function delegateWith(change: {
    notAfter?: number
    responseKey?: Uint8Array
    globalId?: number
  }) {
    const own = openDelegate(crypto, file.delegate, settlementKey.publicKey)
    return signCell(crypto, settlementKey, delegateCell({ ...own, ...change }))
  }

  test.each<[string, () => Parameters<typeof delegateWith>[0]]>([
    ['that had ended', () => ({ notAfter: 1_000_000_000 })],
    ['of another response key', () => ({ responseKey: keyOf('stranger').publicKey })],
    ['of another network', () => ({ globalId: -239 })],
  ])('a delegation %s', async (_, change) => {
    expect(failedSteps(await changed({ delegate: delegateWith(change()) }))).toEqual(['delegation'])
  })

  test('a delegation that the settlement key did not sign', async () => {
    const own = openDelegate(crypto, file.delegate, settlementKey.publicKey)
    const delegate = signCell(crypto, keyOf('stranger'), delegateCell(own))
    expect(failedSteps(await changed({ delegate }))).toEqual(['delegation'])
  })

  test('the receipt of another leaf under this proof', async () => {
    const { leafIndex } = decodeReceiptBody(file.receipt.body)
    const { acknowledgement } = file
    if (acknowledgement === undefined) throw new Error('no acknowledgement')
    const proof = { ...acknowledgement.proof, index: leafIndex === 0 ? 1 : 0 }
    const verdict = await changed({ acknowledgement: { ...acknowledgement, proof } })
    expect(failedSteps(verdict)).toEqual(['acknowledgement'])
  })

  test('GPU evidence that the statement does not name', async () => {
    const evidence = { ...file.evidence, gpuEvidence: new Uint8Array(10) }
    expect(failedSteps(await changed({ evidence }))).toContain('evidence/gpu-evidence')
  })
})
