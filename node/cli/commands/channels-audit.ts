/** `cocoon channels audit`: of a running client or provider, or of the folder of one that does not run. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { auditStore } from '#node/audit/audit.ts'
import { AUDIT_ANSWER_BYTES_MAX, AUDIT_ANSWER_TIMEOUT_MS } from '#node/audit/constants.ts'
import { auditReportSchema } from '#node/audit/document.ts'
import type { AuditReport } from '#node/audit/report.ts'
import { openChain } from '#node/chain/open-chain.ts'
import { systemClock } from '#node/clock.ts'
import { storeFolders } from '#node/history/client-home.ts'
import { askControl } from '#node/status/control-client.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { readChainSnapshot } from '#node/testnet/chain-snapshot.ts'
import { readNetworkFile } from '#node/testnet/network-file.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { CocoonError, ConfigError, SettlementError } from '#protocol/errors.ts'
import type { ChainReader } from '#settlement/types.ts'
import { auditText } from '../audit-text.ts'
import type { CliContext } from '../context.ts'
import { localApi, networkFile, type TargetOptions, withTarget } from '../target.ts'

interface AuditOptions extends TargetOptions {
  readonly peer?: string
  readonly snapshot?: string
}

export function auditCommand(channels: Command, context: CliContext): void {
  withTarget(channels.command('audit'))
    .description(
      'replay ledger and chain, and explain every nanoTON; fails when one is not explained',
    )
    .option('--peer <dir>', 'data folder of a client or provider, running or not')
    .option('--snapshot <file>', 'a saved chain instead of the live one, for --peer')
    .action((options: AuditOptions) => audit(options, context))
}

async function audit(options: AuditOptions, context: CliContext): Promise<void> {
  const { output, coins, settings } = context
  const report =
    options.peer === undefined
      ? await localApi(options, settings).audit()
      : await auditOfFolder(path.resolve(options.peer), options, context)
  if (options.json) output.json(report)
  else output.result(auditText(report, coins))
  if (report.isExplained) return
  throw new SettlementError('AUDIT_UNEXPLAINED', 'the books do not add up', {
    remedy: 'Read the differences above; keep the data folder as it is, and report them.',
    data: { unexplainedNano: report.unexplainedNano },
  })
}

/** A running peer answers on its control socket; the store of one that does not run is opened here. */
async function auditOfFolder(
  folder: string,
  options: AuditOptions,
  context: CliContext,
): Promise<AuditReport> {
  try {
    const bounds = { bytesMax: AUDIT_ANSWER_BYTES_MAX, timeoutMs: AUDIT_ANSWER_TIMEOUT_MS }
    const body = await askControl(folder, 'GET', '/audit', bounds)
    return auditReportSchema.parse(JSON.parse(body))
  } catch (error) {
    if (!(error instanceof CocoonError) || error.code !== 'PEER_NOT_RUNNING') throw error
  }
  const folders = storeFolders(folder)
  if (folders.length === 0) {
    throw new ConfigError('NO_HISTORY', `no peer has run in ${folder}`, {
      remedy: 'Name the data folder of a client or provider with --peer.',
    })
  }
  const chain = chainOf(options, context)
  // The latest network that the peer was on: channels of another chain are not on this one.
  const store = openPeerStore(folders[0]!)
  try {
    return await auditStore({ crypto: nodeCrypto, chain, store })
  } finally {
    store.close()
  }
}

function chainOf(options: AuditOptions, { settings }: CliContext): ChainReader {
  if (options.snapshot !== undefined) {
    return readChainSnapshot(readFileSync(options.snapshot, 'utf8')).chain
  }
  return openChain(readNetworkFile(networkFile(options, settings)), systemClock).reader
}
