/** `cocoon channels` as a person runs it: of a running client, and of peers that run or do not. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { auditStore } from '#node/audit/audit.ts'
import { auditReportSchema } from '#node/audit/document.ts'
import { auditRoute } from '#node/cli/audit-route.ts'
import type { ChannelDocument } from '#node/gateway/api-schema.ts'
import { controlApp } from '#node/status/control-app.ts'
import { serveControl } from '#node/status/control-socket.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { startTestGateway } from '../support/gateway.ts'
import { startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const main = path.resolve(import.meta.dirname, '../../node/main.ts')

async function cocoon(parameters: readonly string[]) {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', main, ...parameters],
    {
      env: { PATH: process.env['PATH'], COCOON_DATA: temporaryFolder() },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (part) => {
    stdout += part
  })
  child.stderr.on('data', (part) => {
    stderr += part
  })
  const [code] = await once(child, 'close')
  return { code, stdout, stderr }
}

/** A network on which one answer was paid; both peers have stopped, the chain goes on. */
async function paidNetwork() {
  const network = await startRoleNetwork()
  onTestFinished(() => network.stop())
  const provider = await TestProvider.start(network, 'audited')
  const client = await TestClient.start(network, 'auditing', [provider])
  await client.chat({ maxTokens: 20 })
  await client.stop()
  await provider.stop()
  const file = path.join(network.folder(), 'network.json')
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify(network.file))
  return { network, provider, client, file }
}

it('audits stopped peers of both roles, a running one, and fails on one nano', async () => {
  const { network, provider, client, file } = await paidNetwork()
  for (const { dataDir } of [client, provider]) {
    const told = await cocoon(['channels', 'audit', '--peer', dataDir, '--network', file, '--json'])
    expect(told.stderr).toBe('')
    const report = auditReportSchema.parse(JSON.parse(told.stdout))
    expect(told.code).toBe(0)
    expect(report).toMatchObject({ isExplained: true, unexplainedNano: 0n })
    expect(report.usedNano).toBeGreaterThan(0n)
  }

  for (const { dataDir, role } of [
    { dataDir: client.dataDir, role: 'client' },
    { dataDir: provider.dataDir, role: 'provider' },
  ]) {
    const list = await cocoon(['channels', 'list', '--peer', dataDir, '--json'])
    const [channel] = JSON.parse(list.stdout) as ChannelDocument[]
    expect(channel).toMatchObject({ role, depositedNano: expect.stringMatching(/^[1-9]/) })
    expect(BigInt(channel!.usedNano)).toBeGreaterThan(0n)
    const shown = await cocoon(['channels', 'show', channel!.address, '--peer', dataDir])
    expect(shown.stdout).toContain(channel!.receiptsRoot)
  }
  const unknown = await cocoon(['channels', 'show', '0:aa', '--peer', client.dataDir])
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('no channel 0:aa') })

  // A provider that runs has its store open: it is asked through its control socket.
  const store = openPeerStore(provider.dataDir)
  const control = await serveControl(
    controlApp(
      { status: () => ({}) as never, drain: () => undefined },
      auditRoute({ audit: () => auditStore({ crypto: nodeCrypto, chain: network.chain, store }) }),
    ),
    provider.dataDir,
  )
  const running = await cocoon(['channels', 'audit', '--peer', provider.dataDir])
  await control.close()
  expect(running).toMatchObject({ code: 0 })
  expect(running.stdout).toContain('every nanoTON is explained')

  const [row] = store.loadChannels('provider')
  const state = JSON.parse(row!.stateJson)
  state.settledNano = `${BigInt(state.settledNano) - 1n}`
  store.saveChannel({ ...row!, stateJson: JSON.stringify(state) })
  store.close()
  const wrong = await cocoon(['channels', 'audit', '--peer', provider.dataDir, '--network', file])
  expect(wrong.code, wrong.stderr).toBe(6)
  expect(wrong.stdout).toContain('NOT EXPLAINED: 1 nano')
  expect(wrong.stderr).toContain('the books do not add up')
}, 300_000)

it('tops up and closes one channel, and says before what it would do', async () => {
  const { url: base } = await startTestGateway()
  const url = ['--api', base]
  const plan = await cocoon(['channels', 'topup', '0:aa', '500', '--dry-run', '--json', ...url])
  expect(JSON.parse(plan.stdout)).toMatchObject({
    ...{ dryRun: true, amountNano: '500', depositAfterNano: '1000000000000000500' },
  })
  const done = await cocoon(['channels', 'topup', '0:aa', '500', '--json', ...url])
  expect(JSON.parse(done.stdout)).toMatchObject({ depositedNano: '1000000000000000500' })
  const close = await cocoon(['channels', 'close', '0:aa', '--dry-run', '--json', ...url])
  expect(JSON.parse(close.stdout)).toMatchObject({
    ...{ togetherPaidNano: '12345', alonePaidNano: '20000' },
  })
  const closed = await cocoon(['channels', 'close', '0:aa', '--json', ...url])
  expect(JSON.parse(closed.stdout)).toMatchObject({ claimedNano: '40', refundedNano: '60' })
  const refused = await cocoon(['channels', 'topup', '0:aa', '1.5', ...url])
  expect(refused.code).toBe(2)
}, 300_000)
