/** API keys: who may call, what each may ask, and what it costs, over real HTTP. */
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { checkExposure } from '#node/gateway/serve.ts'
import { openLedgerDatabase } from '#node/spending/database.ts'
import { SettlementError, UnavailableError } from '#protocol/errors.ts'
import { collect } from '../support/collect.ts'
import { errorCode } from '../support/error-code.ts'
import { startTestGateway, TEST_OWNER_TOKEN } from '../support/gateway.ts'
import { answerWith, estimateView } from '../support/scripted-client-service.ts'

const ask = { model: 'cocoon/demo', messages: [{ role: 'user' as const, content: 'Hi' }] }
const MINUTE_MS = 60_000

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

const usageOf = ({ keys }: Awaited<ReturnType<typeof startTestGateway>>) => keys.list()[0]!.usage

describe('who may call', () => {
  it('anybody on loopback, while there is no key', async () => {
    const { openai, url } = await startTestGateway()
    expect((await openai.chat.completions.create(ask)).choices).toHaveLength(1)
    expect((await fetch(`${url}/api/v1/status`)).status).toBe(200)
  })

  it('only who has a key, once there is one; the local API stays with the owner', async () => {
    const gateway = await startTestGateway()
    const { url, openai, withKey } = gateway
    const app = withKey()
    await expect(openai.chat.completions.create(ask)).rejects.toMatchObject({
      status: 401,
      code: 'KEY_REFUSED',
      type: 'authentication_error',
    })
    expect((await fetch(`${url}/v1/models`)).status).toBe(401)
    expect((await app.chat.completions.create(ask)).choices).toHaveLength(1)
    const appStatus = await fetch(`${url}/api/v1/status`, bearer(app.apiKey!))
    expect(appStatus.status).toBe(403)
    expect(await appStatus.json()).toMatchObject({ error: { code: 'OWNER_REQUIRED' } })
    expect((await fetch(`${url}/api/v1/status`, bearer(TEST_OWNER_TOKEN))).status).toBe(200)
    const owner = gateway.keys.create({ name: 'o', scope: 'owner', limits: {} }, 0)
    expect((await fetch(`${url}/api/v1/status`, bearer(owner.text))).status).toBe(200)
  })

  it('nobody without a key when it is exposed, whatever the Host', async () => {
    const { url } = await startTestGateway({ isExposed: true })
    expect((await fetch(`${url}/v1/models`)).status).toBe(401)
    expect((await fetch(`${url}/api/v1/status`)).status).toBe(401)
  })

  it('not one who has a secret of another key, a revoked or an expired key', async () => {
    const { keys, withKey, url } = await startTestGateway()
    const [first, second] = [withKey(), withKey()]
    const [prefix, id] = first.apiKey!.split('_')
    const mixed = `${prefix}_${id}_${second.apiKey!.split('_').slice(2).join('_')}`
    const codeOf = async (key: string) => {
      const response = await fetch(`${url}/v1/models`, bearer(key))
      return ((await response.json()) as { error?: { code: string } }).error?.code
    }
    expect(await codeOf(mixed)).toBe('KEY_REFUSED')
    expect(await codeOf(`${first.apiKey}x`)).toBe('KEY_REFUSED')
    keys.revoke(id!, Date.now())
    expect(await codeOf(first.apiKey!)).toBe('KEY_REVOKED')
    expect(await codeOf(withKey({ expiresAtMs: 1 }).apiKey!)).toBe('KEY_EXPIRED')
    expect(await codeOf(second.apiKey!)).toBeUndefined()
  })

  it('revoking the last key does not open the API', async () => {
    const { keys, withKey, url } = await startTestGateway()
    const id = withKey().apiKey!.split('_')[1]!
    keys.revoke(id, Date.now())
    expect((await fetch(`${url}/v1/models`)).status).toBe(401)
  })

  it('an address that others can reach is refused while there is no key', () => {
    expect(errorCode(() => checkExposure('0.0.0.0', 0))).toBe('API_EXPOSED_WITHOUT_KEY')
    expect(errorCode(() => checkExposure('::', 0))).toBe('API_EXPOSED_WITHOUT_KEY')
    expect(errorCode(() => checkExposure('0.0.0.0', 1))).toBeUndefined()
    expect(errorCode(() => checkExposure('127.0.0.1', 0))).toBeUndefined()
  })
})

describe('a secret', () => {
  it('is kept nowhere: neither in the file, nor in the log', async () => {
    const { withKey, logged, dataDir, url } = await startTestGateway()
    const key = withKey().apiKey!
    await fetch(`${url}/v1/models`, bearer(key))
    await fetch(`${url}/v1/models`, bearer(`${key.slice(0, -1)}A`))
    const database = openLedgerDatabase(dataDir)
    const rows = database.prepare('SELECT * FROM keys').all()
    database.close()
    const secret = key.split('_').slice(2).join('_')
    const stored = rows.flatMap((row) =>
      Object.values(row).map((value) => Buffer.from(String(value))),
    )
    expect(stored.some((value) => value.includes(secret))).toBe(false)
    expect(logged()).not.toContain(secret)
  })
})

describe('limits of a key', () => {
  it('models: others are 403, and not listed', async () => {
    const { withKey, service } = await startTestGateway()
    const app = withKey({ models: ['another'] })
    await expect(app.chat.completions.create(ask)).rejects.toMatchObject({
      status: 403,
      code: 'KEY_MODEL_REFUSED',
      param: 'model',
    })
    expect(await collect(app.models.list())).toEqual([])
    expect(service.asked).toEqual([])
  })

  it('tier: the stricter of the key and the request counts', async () => {
    const { withKey, service } = await startTestGateway()
    const app = withKey({ tierMin: 'confidential' })
    await app.chat.completions.create({ ...ask, cocoon: { tier_min: 'open' } } as typeof ask)
    expect(service.asked[0]?.tierMin).toBe('confidential')
  })

  it('rate: 429 with retry-after, and again after the wait', async () => {
    let nowMs = 1_000_000
    const { withKey } = await startTestGateway({ clock: { nowMs: () => nowMs } })
    const app = withKey({ ratePerMinute: 2 })
    await app.chat.completions.create(ask)
    await app.chat.completions.create(ask)
    const refused = app.chat.completions.create(ask)
    await expect(refused).rejects.toMatchObject({ status: 429, code: 'KEY_RATE_LIMITED' })
    await expect(refused).rejects.toBeInstanceOf(OpenAI.RateLimitError)
    const error = await refused.catch(
      (thrown: InstanceType<typeof OpenAI.RateLimitError>) => thrown,
    )
    expect('headers' in error && error.headers?.get('retry-after')).toBe('30')
    nowMs += MINUTE_MS / 2
    expect((await app.chat.completions.create(ask)).choices).toHaveLength(1)
  })

  it('budget: reserved before, settled after, 402 when it does not cover the cheapest', async () => {
    const gateway = await startTestGateway()
    const { withKey, service } = gateway
    const app = withKey({ budgetNano: 40_000n })
    await app.chat.completions.create(ask)
    // Twice the dearest offer is reserved, and is the request's own maximum.
    expect(service.asked[0]?.maxPriceNano).toBe(30_000n)
    expect(usageOf(gateway)).toEqual({
      requests: 1,
      promptTokens: 9,
      completionTokens: 3,
      spentNano: 12_345n,
      heldNano: 0n,
    })
    service.estimateScript = () => {
      throw new SettlementError('PRICE_ABOVE_MAX', 'dearer than that')
    }
    await expect(app.chat.completions.create(ask)).rejects.toMatchObject({
      status: 402,
      code: 'KEY_BUDGET_SPENT',
      error: { data: { leftNano: '27655' } },
    })
    expect(service.asked).toHaveLength(1)
  })

  it('budget: requests at once cannot pass it together', async () => {
    const gateway = await startTestGateway()
    const { withKey, service } = gateway
    const app = withKey({ budgetNano: 35_000n })
    const gate = Promise.withResolvers<void>()
    service.chatScript = async function* () {
      await gate.promise
      yield* answerWith(['ok'])
    }
    service.estimateScript = (request) => {
      if ((request.maxPriceNano ?? 0n) < 12_000n) throw new SettlementError('PRICE_ABOVE_MAX', '')
      return estimateView(request)
    }
    const first = app.chat.completions.create(ask)
    while (usageOf(gateway).heldNano === 0n) await new Promise((resolve) => setImmediate(resolve))
    await expect(app.chat.completions.create(ask)).rejects.toMatchObject({ status: 402 })
    gate.resolve()
    await first
    expect(usageOf(gateway)).toMatchObject({ spentNano: 12_345n, heldNano: 0n, requests: 1 })
  })

  it('budget: an answer that failed costs what it cost', async () => {
    const gateway = await startTestGateway()
    const { withKey, service } = gateway
    const app = withKey({ budgetNano: 100_000n })
    service.chatScript = async function* () {
      yield* []
      throw new UnavailableError('NO_PROVIDER', 'none')
    }
    await expect(app.chat.completions.create(ask)).rejects.toMatchObject({ status: 503 })
    expect(usageOf(gateway)).toMatchObject({ spentNano: 0n, heldNano: 0n, requests: 1 })
  })

  it('budget: what a killed client had reserved counts as spent', async () => {
    const gateway = await startTestGateway()
    const { withKey, service, keys } = gateway
    const app = withKey({ budgetNano: 30_000n })
    const begun = Promise.withResolvers<void>()
    service.chatScript = async function* () {
      begun.resolve()
      yield* []
      await new Promise(() => undefined)
    }
    const cut = app.chat.completions.create(ask).catch(() => undefined)
    await begun.promise
    expect(usageOf(gateway).heldNano).toBe(30_000n)
    // The next process on the same folder, before this one could settle anything.
    const database = openLedgerDatabase(gateway.dataDir)
    const { Ledger } = await import('#node/spending/ledger.ts')
    new Ledger(database).recover()
    database.close()
    expect(keys.leftNano(keys.list()[0]!)).toBe(0n)
    await gateway.stop()
    await cut
  })
})
