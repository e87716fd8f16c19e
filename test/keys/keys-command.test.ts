/** `cocoon keys` on the folder of a client whose gateway runs at the same time. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { buildProgram } from '#node/cli/program.ts'
import { clientDir } from '#node/cli/target.ts'
import { testContext } from '../support/cli-context.ts'
import { startTestGateway } from '../support/gateway.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const NETWORK = {
  format: 'cocoon-network/1',
  name: 'keys',
  globalId: -3,
  chainUrl: 'http://127.0.0.1:1',
  bootstrap: [],
  models: [{ id: 'cocoon/demo', root: 'ab'.repeat(32) }],
  closeDelay: 600,
}

async function home() {
  const data = temporaryFolder()
  const network = path.join(data, 'network.json')
  writeFileSync(network, JSON.stringify(NETWORK))
  const { context, stdout, stderr } = testContext()
  const dataDir = clientDir({ network, data }, context.settings)!
  mkdirSync(dataDir, { recursive: true })
  const keys = async (...words: string[]): Promise<string> => {
    const before = stdout().length
    const command = ['keys', ...words, '--network', network, '--data', data]
    await buildProgram(context).parseAsync(command, { from: 'user' })
    return stdout().slice(before).trim()
  }
  return { keys, dataDir, stderr }
}

it('a key made, used, listed and revoked while the client runs', async () => {
  const { keys, dataDir } = await home()
  const { url } = await startTestGateway({ dataDir })
  const statusOf = async (key?: string) => {
    const headers: Record<string, string> =
      key === undefined ? {} : { authorization: `Bearer ${key}` }
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'cocoon/demo', messages: [{ role: 'user', content: 'Hi' }] }),
    })
    await response.text()
    return response.status
  }
  expect(await statusOf()).toBe(200)
  const limits = ['--budget', '0.5', '--rate', '60', '--models', 'cocoon/demo,other']
  const more = ['--tier-min', 'simulated', '--expires', '30d', '--name', 'shop']
  const key = await keys('create', ...limits, ...more)
  expect(key).toMatch(/^cocoon_[0-9a-f]{12}_[\w-]{43}$/)
  expect(await statusOf()).toBe(401)
  expect(await statusOf(key)).toBe(200)
  const listed = await keys('list')
  expect(listed).toContain('shop')
  expect(listed).not.toContain(key.split('_').slice(2).join('_'))
  const prefix = key.split('_').slice(0, 2).join('_')
  expect(JSON.parse(await keys('show', prefix, '--json'))).toMatchObject({
    prefix,
    name: 'shop',
    scope: 'app',
    limits: {
      budgetNano: '500000000',
      ratePerMinute: 60,
      models: ['cocoon/demo', 'other'],
      tierMin: 'simulated',
    },
    usage: { requests: 1, promptTokens: 9, completionTokens: 3, spentNano: '12345' },
  })
  await keys('revoke', prefix)
  expect(await statusOf(key)).toBe(401)
  expect(await keys('list')).toContain('revoked')
})

it('refuses an unknown key, and times that are over', async () => {
  const { keys } = await home()
  await expect(keys('show', 'cocoon_000000000000')).rejects.toMatchObject({ code: 'KEY_UNKNOWN' })
  await expect(keys('revoke', 'nonsense')).rejects.toMatchObject({ code: 'KEY_UNKNOWN' })
  await expect(keys('create', '--expires', '2020-01-01')).rejects.toThrow(/time to come/)
  await expect(keys('create', '--name', 'x'.repeat(65))).rejects.toMatchObject({
    code: 'KEY_INVALID',
  })
})
