/** `/metrics` of a real client and a real provider; the dashboard and the page name what there is. */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startTestnet, type Testnet } from 'cocoon-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLog } from '#node/log.ts'
import { METRIC_CODES_MAX } from '#node/metrics/constants.ts'
import { METRICS } from '#node/metrics/names.ts'
import { createPeerMetrics } from '#node/metrics/peer-metrics.ts'
import { planTestnet } from '#node/testnet/derive.ts'
import { realParts } from '#node/testnet/parts.ts'
import { type RunningConfiguredPeer, runPeer } from '#node/testnet/run-peer.ts'
import { repositoryRoot } from '../support/source-files.ts'

const read = (file: string) => readFileSync(path.join(repositoryRoot, file), 'utf8')
const OWN = Object.values(METRICS)

let testnet: Testnet
let home: string
let provider: RunningConfiguredPeer
let ofClient: string
let ofProvider: string

/** Names of the answer, without the suffixes of histograms. */
const namesIn = (text: string) =>
  new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!))

const scrape = async (url: string): Promise<string> => {
  const response = await fetch(url)
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4')
  return response.text()
}

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'cocoon-metrics-'))
  testnet = await startTestnet()
  const model = await realParts.model()
  const plan = planTestnet('metrics', 1, 0).providers[0]!
  provider = await runPeer(
    {
      role: 'provider',
      ...plan,
      dataDir: path.join(home, 'provider'),
      modelId: model.id,
      modelFolder: model.folder,
      slotsTotal: 2,
      metricsPort: 0,
    },
    {
      network: testnet.network,
      emit: () => undefined,
      log: createLog({ name: 'metrics', level: 'silent' }),
    },
  )
  const ask = (content: string, most: object = {}) =>
    fetch(`${testnet.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: testnet.model,
        messages: [{ role: 'user', content }],
        ...most,
      }),
    }).then((response) => response.text())
  await ask('What is Cocoon?')
  await ask('What is Cocoon?', { cocoon: { max_price_nano: '1' } })
  ofClient = await scrape(testnet.baseUrl.replace('/v1', '/metrics'))
  ofProvider = await scrape(provider.ready.metricsUrl!)
})

afterAll(async () => {
  await provider?.stop()
  await testnet?.stop()
  await rm(home, { recursive: true, force: true })
})

const sampleOf = (text: string, line: string): number =>
  Number(
    text
      .split('\n')
      .find((one) => one.startsWith(`${line} `))
      ?.split(' ')
      .at(-1),
  )

describe('a client', () => {
  it('counts its requests, tokens and verdicts, and times its answers', () => {
    expect(sampleOf(ofClient, 'cocoon_requests_total{outcome="answered"}')).toBe(1)
    expect(sampleOf(ofClient, 'cocoon_requests_total{outcome="failed"}')).toBe(1)
    expect(sampleOf(ofClient, 'cocoon_requests_running')).toBe(0)
    expect(sampleOf(ofClient, 'cocoon_tokens_total{kind="completion"}')).toBeGreaterThan(3)
    expect(sampleOf(ofClient, 'cocoon_answer_seconds_count')).toBe(1)
    expect(sampleOf(ofClient, 'cocoon_verdicts_total{tier="simulated",ok="true"}')).toBe(1)
    expect(sampleOf(ofClient, 'cocoon_spent_nano')).toBeGreaterThan(0)
    expect(sampleOf(ofClient, 'cocoon_channels{status="open"}')).toBe(1)
    expect(ofClient).toMatch(
      /^libp2p_data_transfer_bytes_total\{protocol="\/cocoon\/session\/1 sent"\} \d/m,
    )
  })
})

describe('a provider', () => {
  it('shows slots, money and libp2p on a loopback port of its own', () => {
    expect(new URL(provider.ready.metricsUrl!).hostname).toBe('127.0.0.1')
    expect(sampleOf(ofProvider, 'cocoon_provider_slots{state="total"}')).toBe(2)
    expect(sampleOf(ofProvider, 'cocoon_provider_earned_nano')).toBeGreaterThanOrEqual(0)
    expect(namesIn(ofProvider).has('libp2p_kad_dht_routing_table_size')).toBe(true)
  })

  it('does not answer a page of another site', async () => {
    const response = await fetch(provider.ready.metricsUrl!, {
      headers: { origin: 'http://evil.example' },
    })
    expect(response.status).toBe(403)
  })
})

describe('names and labels', () => {
  it('every metric of the table is in an answer, and no other of ours', () => {
    const answered = new Set([...namesIn(ofClient), ...namesIn(ofProvider)])
    const ours = [...answered].filter((name) => name.startsWith('cocoon_'))
    expect(ours.sort()).toEqual(OWN.map(({ name }) => name).sort())
  })

  it('the dashboard asks only for metrics that there are, and for every one of ours', () => {
    const dashboard = JSON.parse(read('dashboards/cocoon.json'))
    const expressions: string[] = dashboard.panels.flatMap(
      (panel: { targets: { expr: string }[] }) => panel.targets.map(({ expr }) => expr),
    )
    const asked = new Set(
      expressions.flatMap(
        (text) => text.match(/\b(?:cocoon|libp2p|process|nodejs)_[a-z0-9_]+/g) ?? [],
      ),
    )
    const there = new Set([...namesIn(ofClient), ...namesIn(ofProvider)])
    const missing = [...asked].filter(
      (name) => !there.has(name.replace(/_(bucket|count|sum)$/, '')),
    )
    expect(missing).toEqual([])
    const shown = [...asked].map((name) => name.replace(/_bucket$/, ''))
    expect(OWN.map(({ name }) => name).filter((name) => !shown.includes(name))).toEqual([])
  })

  it('docs/METRICS.md lists each metric with its type and labels', () => {
    const rows = [
      ...read('docs/METRICS.md').matchAll(/^\| `(\w+)` \| (\w+) \| ([^|]+) \| ([^|]+) \|$/gm),
    ]
    expect(rows.map(([, name, type, labels, help]) => [name, type, labels, help])).toEqual(
      OWN.map(({ name, type, labels, help }) => [name, type, labels.join(', ') || '-', help]),
    )
  })

  it('no label names a peer, a wallet, a key or a request', () => {
    const labels = [...`${ofClient}${ofProvider}`.matchAll(/="([^"]*)"/g)].map(
      ([, value]) => value!,
    )
    expect(labels.length).toBeGreaterThan(100)
    const private_ = labels.filter((value) =>
      /12D3|[0-9a-f]{16}|0:[0-9a-f]{8}|Cocoon\?/.test(value),
    )
    expect(private_).toEqual([])
  })

  it('codes beyond the limit, and words that are no codes, are counted as OTHER', async () => {
    const metrics = createPeerMetrics({ role: 'client', version: '0' })
    const warn = (code: string) => metrics.observe({ kind: 'warning', code, message: '' })
    for (let at = 0; at < METRIC_CODES_MAX + 5; at++) warn(`CODE_${at}`)
    warn('a word with spaces and "quotes"')
    const text = await metrics.text()
    expect(text.match(/^cocoon_warnings_total\{/gm)).toHaveLength(METRIC_CODES_MAX + 1)
    expect(sampleOf(text, 'cocoon_warnings_total{code="OTHER"}')).toBe(6)
  })
})
