/**
 * Gas and fees of every operation of every contract, from the executor, at both price tables.
 * `npx node test/settlement/gas-table.ts` writes docs/GAS.md; a test holds the page equal to this.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { utf8 } from '#protocol/bytes.ts'
import { anchorMessage, epochTree } from '#settlement/anchor/epoch-anchor.ts'
import {
  bondDepositMessage,
  bondWithdrawMessage,
  slashMessage,
  startUnbondingMessage,
} from '#settlement/bond/bond.ts'
import { PRICE_TABLES, type PriceTable } from '#settlement/devchain/prices.ts'
import {
  jettonClaimMessage,
  jettonCloseMessage,
  jettonCoopCloseMessage,
  jettonDestroyMessage,
  jettonFinishMessage,
  jettonStartCloseMessage,
  setJettonWalletMessage,
} from '#settlement/jetton/jetton-channel.ts'
import { additionCell } from '#settlement/registry/actions.ts'
import {
  claimMessage,
  closeMessage,
  coopCloseMessage,
  destroyMessage,
  finishMessage,
  startCloseMessage,
  topUpMessage,
} from '#settlement/wallet/messages.ts'
import { FAIR, openBond, overBilling } from './bond-bench.ts'
import { crypto, NOW_S } from './channel-fixture.ts'
import { ContractBench } from './contract-bench.ts'
import { JettonBench, UNIT } from './jetton/jetton-bench.ts'
import { bytes, model, POLICY, RegistryBench, TIMELOCK_S } from './registry-bench.ts'
import { SandboxBench, type Sent } from './sandbox-bench.ts'

const TON = 1_000_000_000n
const DAY_S = 86_400
const PAGE = new URL('../../docs/GAS.md', import.meta.url)

/** One operation at one price table. */
interface Row {
  readonly contract: string
  readonly operation: string
  readonly gas: bigint
  readonly feesNano: bigint
}

type Measure = (prices: PriceTable) => Promise<Row[]>

function row(contract: string, operation: string, sent: Sent): Row {
  if (!sent.success) throw new Error(`${contract} ${operation} failed with ${sent.exitCode}`)
  return { contract, operation, gas: sent.gas, feesNano: sent.feesNano }
}

async function channelRows(prices: PriceTable): Promise<Row[]> {
  const named = (operation: string, sent: Sent) => row('UniChannel', operation, sent)
  const rows: Row[] = []
  const bench = await ContractBench.create(prices)
  const { client, provider, stranger, terms } = bench
  rows.push(named('top_up, first', await bench.send(client, topUpMessage(terms, 5n * TON))))
  rows.push(named('top_up', await bench.send(client, topUpMessage(terms, TON, false))))
  const claim = (count: number) => claimMessage(terms, bench.voucher(BigInt(count) * TON, count))
  rows.push(named('claim, by the provider', await bench.send(provider, claim(1))))
  rows.push(named('claim, by anybody else', await bench.send(stranger, claim(2))))
  const record = claimMessage(terms, bench.voucher(TON, 9))
  rows.push(named('claim, record only', await bench.send(provider, record)))
  rows.push(
    named(
      'close with a voucher',
      await bench.send(provider, closeMessage(terms, bench.voucher(3n * TON, 10))),
    ),
  )
  bench.chain.now = terms.expiresAt + terms.closeDelay + 1
  rows.push(named('destroy', await bench.send(stranger, destroyMessage(terms))))
  const second = await ContractBench.create(prices)
  second.chain.now = NOW_S
  await second.deposit(5n * TON)
  const together = coopCloseMessage(terms, second.closeAuth(2n * TON))
  rows.push(named('coop_close', await second.send(second.client, together)))
  const third = await ContractBench.create(prices)
  await third.deposit(5n * TON)
  rows.push(named('start_close', await third.send(third.client, startCloseMessage(terms))))
  third.chain.now = NOW_S + terms.closeDelay
  rows.push(named('finish', await third.send(third.stranger, finishMessage(terms))))
  third.chain.now = NOW_S
  return rows
}

async function jettonRows(prices: PriceTable): Promise<Row[]> {
  const named = (operation: string, sent: Sent) => row('JettonChannel', operation, sent)
  const rows: Row[] = []
  const bench = await JettonBench.open(prices)
  const { client, provider, stranger, chain } = bench.bench
  const { terms } = bench
  const fresh = setJettonWalletMessage({ ...terms, salt: 99n }, bench.channel)
  rows.push(named('set_wallet', await bench.bench.send(client, fresh)))
  rows.push(named('top_up (4 contracts)', await bench.deposit(100n * UNIT)))
  const claim = (count: number) =>
    jettonClaimMessage(terms, bench.voucher(BigInt(count) * UNIT, count))
  rows.push(named('claim, first', await bench.bench.send(provider, claim(1))))
  rows.push(named('claim', await bench.bench.send(provider, claim(2))))
  const deposited = chain.snapshot()
  rows.push(
    named(
      'close with a voucher',
      await bench.bench.send(provider, jettonCloseMessage(terms, bench.voucher(30n * UNIT, 4))),
    ),
  )
  chain.now = terms.expiresAt + terms.closeDelay + 2 * DAY_S
  rows.push(named('destroy', await bench.bench.send(stranger, jettonDestroyMessage(terms))))
  await chain.loadFrom(deposited)
  chain.now = NOW_S
  rows.push(
    named(
      'coop_close',
      await bench.bench.send(client, jettonCoopCloseMessage(terms, bench.closeAuth(20n * UNIT))),
    ),
  )
  await chain.loadFrom(deposited)
  chain.now = NOW_S
  rows.push(named('start_close', await bench.bench.send(client, jettonStartCloseMessage(terms))))
  chain.now = NOW_S + terms.closeDelay
  rows.push(named('finish', await bench.bench.send(stranger, jettonFinishMessage(terms))))
  chain.now = NOW_S
  return rows
}

async function registryRows(prices: PriceTable): Promise<Row[]> {
  const named = (operation: string, sent: Sent) => row('Registry', operation, sent)
  const rows: Row[] = []
  const bench = await RegistryBench.open(prices)
  rows.push(named('decide: propose, 2 signatures', await bench.propose(model(5))))
  const policy = { kind: 'policy', policy: POLICY } as const
  await bench.propose(policy)
  bench.wait(TIMELOCK_S)
  rows.push(named('apply, an entry', await bench.apply(model(5))))
  rows.push(named('apply, a policy', await bench.apply(policy)))
  rows.push(
    named(
      'decide: revoke, 1 signature',
      await bench.decide({ kind: 'revoke', key: bytes(5) }, [0]),
    ),
  )
  await bench.propose(model(6))
  const proposal = new Uint8Array(additionCell(model(6)).hash())
  rows.push(named('decide: cancel', await bench.decide({ kind: 'cancel', proposal }, [1])))
  return rows
}

async function bondRows(prices: PriceTable): Promise<Row[]> {
  const named = (operation: string, sent: Sent) => row('Bond', operation, sent)
  const { bench, terms } = await openBond(prices)
  const { chain, provider, stranger } = bench
  const rows = [named('deposit, first', await bench.send(provider, bondDepositMessage(terms, TON)))]
  const bonded = chain.snapshot()
  rows.push(named('slash', await bench.send(stranger, slashMessage(terms, overBilling(FAIR + 1n)))))
  await chain.loadFrom(bonded)
  rows.push(named('start_unbonding', await bench.send(provider, startUnbondingMessage(terms))))
  chain.now = NOW_S + terms.unbondDelay
  rows.push(named('withdraw', await bench.send(provider, bondWithdrawMessage(terms))))
  chain.now = NOW_S
  return rows
}

async function anchorRows(prices: PriceTable): Promise<Row[]> {
  const bench = await SandboxBench.create(prices)
  bench.chain.now = NOW_S
  const terms = { globalId: -3, owner: bench.provider.address, salt: 1n }
  const tree = epochTree(crypto, [utf8('receipt')])
  const anchor = (epoch: number) =>
    bench.send(bench.provider, anchorMessage(terms, { epoch, ...tree }))
  return [
    row('EpochAnchor', 'anchor, first', await anchor(1)),
    row('EpochAnchor', 'anchor', await anchor(2)),
  ]
}

const MEASURES: readonly Measure[] = [channelRows, jettonRows, registryRows, bondRows, anchorRows]

async function measure(prices: PriceTable): Promise<Row[]> {
  const rows: Row[] = []
  for (const one of MEASURES) rows.push(...(await one(prices)))
  return rows
}

export interface GasRow {
  readonly contract: string
  readonly operation: string
  readonly gas: bigint
  readonly feesNano: Readonly<Record<PriceTable, bigint>>
}

/** Every operation, measured now. */
export async function gasTable(): Promise<GasRow[]> {
  const [now, before] = [await measure('mainnet-2026-08'), await measure('mainnet-2024')]
  return now.map((one, index) => {
    const feesNano = { 'mainnet-2026-08': one.feesNano, 'mainnet-2024': before[index]!.feesNano }
    return { contract: one.contract, operation: one.operation, gas: one.gas, feesNano }
  })
}

const coins = (nano: bigint) => (Number(nano) / 1e9).toFixed(6)

export function gasPage(rows: readonly GasRow[]): string {
  const lines = rows.map(
    ({ contract, operation, gas, feesNano }) =>
      `| ${contract} | ${operation} | ${gas} | ${PRICE_TABLES.map((table) => coins(feesNano[table])).join(' | ')} |`,
  )
  return `${PREFACE}\n${lines.join('\n')}\n`
}

const PREFACE = `# Gas and fees

Written by \`npx node test/settlement/gas-table.ts\`; \`test/settlement/gas.test.ts\` measures again and
holds this page equal. TVM of \`@ton/sandbox\` (version 12). Gas is what the called contract burnt. Fees, in
coins, are those of the whole trace, messages onward included; left out are the caller's own wallet (sending
the call, taking the excess) and rent. Price tables: mainnet in 2026-08 (after the fee cut) and in 2024.

| Contract | Operation | Gas | 2026-08 prices | 2024 prices |
|---|---|---|---|---|`

export function committedGasPage(): string {
  return readFileSync(PAGE, 'utf8')
}

if (import.meta.main) writeFileSync(PAGE, gasPage(await gasTable()))
