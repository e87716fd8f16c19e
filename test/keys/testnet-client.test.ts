/** Keys of the client that a testnet brought along: found by the commands without naming its folder. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { buildProgram } from '#node/cli/program.ts'
import { localApi } from '#node/cli/target.ts'
import { OWNER_TOKEN_FILE } from '#node/keys/constants.ts'
import { openRunFolder } from '#node/testnet/run-folder.ts'
import { testContext } from '../support/cli-context.ts'
import { errorCode } from '../support/error-code.ts'
import { startTestGateway, TEST_OWNER_TOKEN } from '../support/gateway.ts'

it('a key made for the client of a testnet is asked for there, and the commands still get in', async () => {
  const { context, stdout } = testContext()
  const { settings } = context
  const testnet = path.join(settings.dataRoot, 'testnet')
  mkdirSync(testnet, { recursive: true })
  const run = openRunFolder(testnet, '20260101-000000')
  const dataDir = run.peerDir('client-1')
  mkdirSync(dataDir, { recursive: true })
  const { url } = await startTestGateway({ dataDir })
  // The token that the gateway of the tests takes, where a client writes its own.
  writeFileSync(path.join(dataDir, OWNER_TOKEN_FILE), TEST_OWNER_TOKEN, { mode: 0o600 })
  const network = {
    format: 'cocoon-network/1',
    name: 'testnet',
    globalId: -3,
    chainUrl: 'http://127.0.0.1:1',
    bootstrap: [],
    models: [{ id: 'cocoon/demo', root: 'ab'.repeat(32) }],
    closeDelay: 600,
  }
  writeFileSync(run.networkFile, JSON.stringify(network))
  const peer = { name: 'client-1', role: 'client', peerId: 'p', pid: process.pid, addresses: [] }
  writeFileSync(
    run.statusFile,
    JSON.stringify({
      ...{ seed: 's', network: run.networkFile, chainUrl: network.chainUrl, apiUrl: url },
      peers: [{ ...peer, dataDir }],
    }),
  )
  await buildProgram(context).parseAsync(['keys', 'create', '--name', 'app', '--json'], {
    from: 'user',
  })
  const { key } = JSON.parse(stdout())
  const statusOf = async (token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    return (await fetch(`${url}/v1/models`, { headers })).status
  }
  // The key is of this client: from now on it asks for one.
  expect([await statusOf(), await statusOf(key)]).toEqual([401, 200])
  // The owner's commands find the token of this client by themselves, whatever way it is named.
  for (const target of [{}, { network: run.networkFile }, { apiUrl: `${url}/` }]) {
    await expect(localApi(target, settings).offers()).resolves.toBeDefined()
  }
  expect(errorCode(() => localApi({ apiUrl: 'http://example.org' }, settings))).toBe(
    'API_NOT_LOOPBACK',
  )
  run.release()
})
