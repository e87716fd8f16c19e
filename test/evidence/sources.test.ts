/** Quote sources: which one a machine gets, what they refuse, and the socket and the tool behind them. */
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { gpuReportsFrom } from '#attestation/evidence/nvattest.ts'
import { type ReportData, reportData } from '#attestation/statement.ts'
import type { QuoteSource } from '#attestation/types.ts'
import { chooseTee, type TeeSources } from '#node/evidence/choose.ts'
import { dstackQuote } from '#node/evidence/dstack-socket.ts'
import { collectGpuReports } from '#node/evidence/nvattest.ts'
import { dstackSource, snpSource, tdxSource } from '#node/evidence/sources.ts'
import { runTool } from '#node/evidence/tool.ts'
import { concat, fromHex, toHex, utf8 } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { rejectionCode } from '#test/support/error-code.ts'
import { quoteShape, reportShape, simulatedConfigfs } from '#test/support/simulated-configfs.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const sleep = async () => undefined
const collateral = utf8('collateral')
const collateralFor = async () => collateral
const data = reportData(crypto, 'epoch', utf8('a statement'))

const tdx = () =>
  tdxSource({ tree: simulatedConfigfs('tdx_guest', quoteShape), crypto, sleep }, collateralFor)
const snp = () =>
  snpSource({ tree: simulatedConfigfs('sev_guest', reportShape), crypto, sleep }, collateralFor)

describe('a quote source', () => {
  it('quotes the hash of a statement and brings the collateral', async () => {
    expect(await tdx().quote(data)).toEqual({ quote: quoteShape(data), collateral })
    expect(await snp().quote(data)).toEqual({ quote: reportShape(data), collateral })
  })

  it.each([
    ['TDX', tdx],
    ['SEV-SNP', snp],
    ['dstack', () => dstackSource(crypto, '/nowhere.sock', collateralFor)],
  ])('%s refuses bytes of a caller’s choice, whatever their type claims', async (_name, source) => {
    // @ts-expect-error: raw bytes are no ReportData
    const chosen: ReportData = new Uint8Array(64)
    expect(await rejectionCode(source().quote(chosen))).toBe('REPORT_DATA_FOREIGN')
    const copy = data.slice() as ReportData
    expect(await rejectionCode(source().quote(copy))).toBe('REPORT_DATA_FOREIGN')
  })

  it('quotes what was hashed, not what somebody wrote over it afterwards', async () => {
    const made = reportData(crypto, 'epoch', utf8('another statement'))
    const before = made.slice()
    made.fill(0)
    expect((await tdx().quote(made)).quote).toEqual(quoteShape(before))
  })
})

describe('which TEE a machine gets', () => {
  const named = (name: string) => ({ name }) as unknown as QuoteSource
  const sources = (simulated: boolean): TeeSources => ({
    tdx: () => named('tdx'),
    snp: () => named('snp'),
    dstack: () => named('dstack'),
    simulated: simulated ? () => named('simulated') : undefined,
  })
  const TSM = '/sys/kernel/config/tsm/report'
  const on =
    (...paths: string[]) =>
    (path: string) =>
      paths.includes(path)

  it.each([
    ['auto', true, on('/dev/tdx_guest', TSM), 'simulated'],
    ['auto', false, on('/dev/tdx_guest', TSM), 'tdx'],
    ['auto', false, on('/dev/sev-guest', TSM), 'snp'],
    ['auto', false, on('/var/run/dstack.sock', '/dev/tdx_guest', TSM), 'dstack'],
    ['tdx', true, on('/dev/tdx_guest', TSM), 'tdx'],
    ['snp', false, on('/dev/sev-guest', '/dev/tdx_guest', TSM), 'snp'],
    ['dstack', false, on('/run/dstack/dstack.sock'), 'dstack'],
    ['simulated', true, on(), 'simulated'],
  ] as const)('%s, simulated machines %s: the right one', (choice, simulated, exists, wanted) => {
    expect(chooseTee(choice, sources(simulated), exists)).toEqual({ name: wanted })
  })

  it.each([
    ['auto', on(), '/dev/tdx_guest'],
    ['tdx', on('/dev/tdx_guest'), TSM],
    ['snp', on('/dev/tdx_guest', TSM), '/dev/sev-guest'],
    ['dstack', on('/dev/tdx_guest', TSM), 'dstack'],
    ['simulated', on('/dev/tdx_guest', TSM), 'trusts no simulated'],
  ] as const)('%s without one says what was looked for', (choice, exists, looked) => {
    expect(() => chooseTee(choice, sources(false), exists)).toThrow(
      expect.objectContaining({
        code: 'TEE_MISSING',
        message: expect.stringContaining(looked),
        remedy: expect.not.stringMatching(/^$/),
      }),
    )
  })
})

async function agent(listener: RequestListener): Promise<string> {
  const socketPath = path.join(temporaryFolder(), 'dstack.sock')
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return socketPath
}

describe("dstack's socket", () => {
  it('is asked once for exactly this report data', async () => {
    const asked: string[] = []
    const socketPath = await agent((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      let body = ''
      request.on('data', (part) => {
        body += part
      })
      request.on('end', () => {
        const { report_data: wanted } = JSON.parse(body)
        response.end(JSON.stringify({ quote: toHex(quoteShape(fromHex(wanted))), event_log: '[]' }))
      })
    })
    expect((await dstackQuote(crypto, socketPath, data)).quote).toEqual(quoteShape(data))
    expect(asked).toEqual(['POST /GetQuote'])
  })

  const say =
    (text: string): RequestListener =>
    (_request, response) =>
      void response.end(text)
  it.each<readonly [string, RequestListener]>([
    [
      'over other report data',
      say(JSON.stringify({ quote: toHex(quoteShape(new Uint8Array(64))) })),
    ],
    ['that is no quote', say(JSON.stringify({ quote: 'abcd' }))],
    ['in no hexadecimal', say(JSON.stringify({ quote: 'zz' }))],
    ['without a quote', say('{}')],
    ['that is not JSON', say('<html>')],
    ['without an end', (_request, response) => void response.end('x'.repeat(3_000_000))],
    ['with an error status', (_request, response) => void response.writeHead(500).end('{}')],
    [
      'that breaks off',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '100' })
        response.write('{')
        response.destroy()
      },
    ],
    ['that never comes', () => undefined],
  ])('with an answer %s gives QUOTE_UNAVAILABLE', async (_name, listener) => {
    const socketPath = await agent(listener)
    expect(await rejectionCode(dstackQuote(crypto, socketPath, data, 400))).toBe(
      'QUOTE_UNAVAILABLE',
    )
  })

  it('that nobody listens on gives QUOTE_UNAVAILABLE', async () => {
    expect(await rejectionCode(dstackQuote(crypto, '/nowhere/dstack.sock', data, 400))).toBe(
      'QUOTE_UNAVAILABLE',
    )
  })
})

const nonce = new Uint8Array(32).fill(5)
const spdm = (over: Uint8Array) =>
  concat(Uint8Array.of(0x11, 0xe0, 1, 0xff), over, new Uint8Array(9))
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
const output = (over = nonce, code = 0) =>
  JSON.stringify({
    evidences: [{ arch: 'HOPPER', evidence: base64(spdm(over)), certificate: base64(utf8('PEM')) }],
    result_code: code,
    result_message: 'Ok',
  })

/** A program in a folder of this test. */
function script(text: string): string {
  const file = path.join(temporaryFolder(), 'tool')
  writeFileSync(file, `#!/bin/sh\n${text}\n`)
  chmodSync(file, 0o755)
  return file
}

describe('nvattest', () => {
  it('gives a report and its certificates for each GPU', async () => {
    const file = script(`test "$5" = "${toHex(nonce)}" && echo '${output()}'`)
    expect(await collectGpuReports(nonce, file)).toEqual([
      { report: spdm(nonce), certificates: utf8('PEM') },
    ])
  })

  it.each([
    ['reports an error', output(nonce, 7)],
    ['is over another nonce', output(new Uint8Array(32))],
    ['has no GPU', JSON.stringify({ evidences: [], result_code: 0 })],
    ['is not JSON', 'Segmentation fault'],
    ['is empty', ''],
  ])('output that %s is refused', (_name, text) => {
    expect(() => gpuReportsFrom(text, nonce)).toThrow(
      expect.objectContaining({ code: 'GPU_EVIDENCE_UNAVAILABLE' }),
    )
  })

  it.each([
    ['that is not there', '/nowhere/nvattest'],
    ['that fails', script.bind(null, 'exit 3')],
    ['that never ends', script.bind(null, 'sleep 60')],
    ['that never stops talking', script.bind(null, 'yes')],
  ])('a tool %s gives GPU_EVIDENCE_UNAVAILABLE', async (_name, tool) => {
    const program = typeof tool === 'string' ? tool : tool()
    expect(await rejectionCode(collectGpuReports(nonce, program, 500))).toBe(
      'GPU_EVIDENCE_UNAVAILABLE',
    )
  })

  it('runs without a shell', async () => {
    const limits = { timeoutMs: 2_000, outputBytesMax: 1_000 }
    const result = await runTool('/bin/echo', ['$(id)', ';', 'ls'], limits)
    expect(result).toEqual({ kind: 'done', output: '$(id) ; ls\n' })
  })
})
