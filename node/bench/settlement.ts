/** `cocoon bench settlement`: what money costs here, beside the signatures that it cannot do without. */
import { execFile } from 'node:child_process'
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { channelAddress } from '#settlement/cells/terms.ts'
import { openVoucher, signVoucher } from '#settlement/cells/voucher.ts'
import { PRICE_TABLES, type PriceTable } from '#settlement/devchain/prices.ts'
import type { Voucher } from '#settlement/types.ts'
import { benchTerms, claimFeeNano } from './claim-fee.ts'
import { measure, spreadOf, type Timing } from './measure.ts'
import { type BenchDocument, type BenchRow, benchDocument } from './rows.ts'
import { measureVoucherCommits } from './voucher-commits.ts'

const RECEIPTS_OF_A_CLAIM = 1_000
const CLAIM_TON_MAX: Readonly<Record<PriceTable, number>> = {
  'mainnet-2026-08': 0.0005,
  'mainnet-2024': 0.003,
}
const ANCHOR_TON_MAX = 0.000001
/** Enough for the speed; memory needs more than RSS_AFTER, see `chainTransactions`. */
const CHAIN_TRANSACTIONS = 3_000
const RSS_AFTER_TRANSACTIONS = 100_000
const RSS_PER_TRANSACTIONS = 100_000

type Figure = Pick<BenchRow, 'figure' | 'value' | 'unit' | 'reach' | 'ok'>

/** One value that does not vary from round to round. */
function fixedRow(given: Figure, against = ''): BenchRow {
  const { value } = given
  return { ...given, against, ratio: null, min: value, median: value, max: value }
}

async function feeRows(seed: number): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const prices of PRICE_TABLES) {
    const ton = Number(await claimFeeNano(seed, prices)) / 1e9
    const max = CLAIM_TON_MAX[prices]
    rows.push(
      fixedRow({
        figure: `claim by the provider, whole trace, prices ${prices}`,
        value: ton,
        unit: 'TON',
        reach: `at most ${max}`,
        ok: ton <= max,
      }),
    )
    if (prices !== PRICE_TABLES[0]) continue
    const each = ton / RECEIPTS_OF_A_CLAIM
    rows.push(
      fixedRow({
        figure: `anchoring a receipt, ${RECEIPTS_OF_A_CLAIM} of them in a claim`,
        value: each,
        unit: 'TON',
        reach: `at most ${ANCHOR_TON_MAX}`,
        ok: each <= ANCHOR_TON_MAX,
      }),
    )
  }
  return rows
}

/** Calls a second of one core; the ratio is of speeds. */
function speedRow(figure: string, ours: Timing, raw: Timing, ratioMin: number): BenchRow {
  const perSecond = (ms: number) => 1000 / ms
  const spread = spreadOf(ours)
  const ratio = spreadOf(raw).min / spread.min
  return {
    figure,
    value: perSecond(spread.min),
    unit: '/s',
    against: 'node:crypto Ed25519 over 32 bytes, key at hand',
    ratio,
    reach: `at least ${ratioMin}`,
    ok: ratio >= ratioMin,
    min: perSecond(spread.max),
    median: perSecond(spread.median),
    max: perSecond(spread.min),
  }
}

/** Vouchers differ from call to call, as those of a channel do. */
function voucherRows(seed: number): BenchRow[] {
  const key = crypto.ed25519FromSeed(new Uint8Array(32).fill((seed & 0x7f) + 1))
  const channel = channelAddress(termsOf(key))
  const vouchers: Voucher[] = Array.from({ length: 256 }, (_, index) => ({
    channel,
    amountNano: BigInt(index + 1) * 1_000_000n,
    leafCount: index,
    receiptsRoot: crypto.sha256(Uint8Array.of(index)),
  }))
  const signed = vouchers.map((voucher) => signVoucher(crypto, key, voucher))
  const digests = signed.map(({ boc }) => crypto.sha256(boc))
  const { privateKey, publicKey } = rawKeys(key)
  const signatures = digests.map((digest) => sign(null, digest, privateKey))
  let turn = 0
  const at = <T>(list: readonly T[]): T => list[turn++ % list.length]!
  const timed = measure({
    verified: () => openVoucher(crypto, at(signed), key.publicKey, channel),
    rawVerify: () => {
      const index = turn++ % digests.length
      verify(null, digests[index]!, publicKey, signatures[index]!)
    },
    signed: () => signVoucher(crypto, key, at(vouchers)),
    rawSign: () => sign(null, at(digests), privateKey),
  })
  return [
    speedRow('vouchers verified, bytes to verdict', timed.verified, timed.rawVerify, 0.8),
    speedRow('vouchers signed, fields to bytes', timed.signed, timed.rawSign, 0.6),
  ]
}

function termsOf(key: Ed25519KeyPair) {
  return benchTerms(key.publicKey, 1n, 2_000_000_000)
}

function rawKeys({ seed, publicKey }: Ed25519KeyPair) {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64(publicKey), d: base64(seed) }
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
  return { privateKey, publicKey: createPublicKey(privateKey) }
}

async function commitRow(): Promise<BenchRow> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cocoon-bench-'))
  try {
    const measured = await measureVoucherCommits({ folder, crypto, nowMs: () => performance.now() })
    const value = measured.groupedPerSecond
    const against = `one by one: ${measured.singlePerSecond.toFixed(0)}/s; ${measured.channels} channels`
    const figure = 'vouchers accepted and durable (synchronous=FULL, group commit)'
    return fixedRow(
      { figure, value, unit: '/s', reach: 'at least 2000', ok: value >= 2_000 },
      against,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const loadSchema = z.object({
  samples: z
    .array(z.object({ transactions: z.number(), rssBytes: z.number(), perSecond: z.number() }))
    .min(1),
})

async function chainRows(seed: number): Promise<BenchRow[]> {
  const transactions = chainTransactions()
  const module = path.join(import.meta.dirname, 'chain-load-process.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    module,
    `${transactions}`,
    `${seed}`,
  ])
  const { samples } = loadSchema.parse(JSON.parse(stdout))
  const speeds = samples.map(({ perSecond }) => perSecond).toSorted((one, other) => one - other)
  const best = speeds[speeds.length - 1] ?? 0
  const late = samples.filter((sample) => sample.transactions > RSS_AFTER_TRANSACTIONS)
  const slope = late.length < 3 ? Number.NaN : (slopeOf(late) * RSS_PER_TRANSACTIONS) / 1e6
  return [
    {
      ...fixedRow({
        figure: 'embedded chain, internal transactions',
        value: best,
        unit: '/s',
        reach: 'at least 200',
        ok: best >= 200,
      }),
      min: speeds[0] ?? best,
      median: speeds[speeds.length >> 1] ?? best,
    },
    fixedRow(
      {
        figure: `embedded chain, RSS for each 100,000 transactions after ${RSS_AFTER_TRANSACTIONS}`,
        value: slope,
        unit: 'MB',
        reach: 'at most 1',
        ok: Number.isNaN(slope) ? null : slope <= 1,
      },
      Number.isNaN(slope) ? 'not measured: set bench_chain_transactions=300000' : '',
    ),
  ]
}

function chainTransactions(): number {
  const asked = Number(process.env['bench_chain_transactions'])
  return Number.isInteger(asked) && asked > 0 ? asked : CHAIN_TRANSACTIONS
}

/** Bytes a transaction, least squares. */
function slopeOf(samples: readonly { transactions: number; rssBytes: number }[]): number {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  const x = mean(samples.map(({ transactions }) => transactions))
  const y = mean(samples.map(({ rssBytes }) => rssBytes))
  const over = samples.reduce((sum, one) => sum + (one.transactions - x) * (one.rssBytes - y), 0)
  const under = samples.reduce((sum, one) => sum + (one.transactions - x) ** 2, 0)
  return over / under
}

/** @param seed makes the same keys and messages again */
export async function benchSettlement(seed: number): Promise<BenchDocument> {
  const rows = [
    ...(await feeRows(seed)),
    ...voucherRows(seed),
    await commitRow(),
    ...(await chainRows(seed)),
  ]
  return benchDocument('settlement', seed, rows, { openssl: process.versions.openssl })
}
