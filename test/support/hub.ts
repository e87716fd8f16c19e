/**
 * SIMULATED hub: answers as huggingface.co does (API with blobs, resolve with redirect to a store on another
 * origin, ranges), with a tiny model that the test makes up, and lies where a test says so.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface HubRequest {
  readonly host: 'hub' | 'store'
  readonly path: string
  readonly range: string | undefined
  readonly authorization: string | undefined
}

/** True: it answered. */
export type HubFault = (
  request: HubRequest,
  response: ServerResponse,
  bytes: Uint8Array | undefined,
) => boolean

export interface SimulatedHub {
  readonly endpoint: string
  readonly requests: HubRequest[]
  readonly files: Map<string, Uint8Array>
  fault: HubFault | undefined
}

export const REPOSITORY = 'owner/tiny-chat'
export const COMMIT = 'c0ffee'.padEnd(40, '0')

/** More than one piece. */
const weights = Uint8Array.from({ length: 1_300_000 }, (_, at) => (at * 31 + (at >> 8)) & 0xff)

/** Files of a model that is good enough to be stored. */
export function tinyRepository(): Map<string, Uint8Array> {
  const text = (value: unknown) => Buffer.from(JSON.stringify(value))
  return new Map<string, Uint8Array>([
    ['README.md', Buffer.from('# Tiny')],
    ['LICENSE', Buffer.from('Apache License')],
    ['.gitattributes', Buffer.from('*.onnx filter=lfs')],
    ['config.json', text({ model_type: 'llama' })],
    ['tokenizer.json', text({ model: {} })],
    ['tokenizer_config.json', text({ chat_template: '' })],
    ['onnx/model.onnx', weights.slice(0, 500_000)],
    ['onnx/model_q4.onnx', weights.slice(0, 100_000)],
    ['onnx/model_q4.onnx_data', weights],
    ['pytorch_model.bin', weights.slice(0, 10)],
  ])
}

const isLfs = (path: string): boolean => /\.(onnx|onnx_data|bin)$/.test(path)
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

function gitBlobId(bytes: Uint8Array): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
}

export async function startHub(files = tinyRepository()): Promise<SimulatedHub> {
  const requests: HubRequest[] = []
  const state: { fault: HubFault | undefined } = { fault: undefined }
  const store = await listen((request, response) => {
    const bytes = files.get(request.path.slice(1))
    answer('store', request, response, bytes, () => sendBytes(request, response, bytes))
  })
  const hub = await listen((request, response) => {
    const path = /^\/owner\/tiny-chat\/resolve\/[0-9a-f]+\/(.*)$/.exec(request.path)?.[1]
    const bytes = path === undefined ? undefined : files.get(path)
    answer('hub', request, response, bytes, () => {
      if (request.path.startsWith('/api/')) return sendApi(request, response, files)
      response.setHeader('x-repo-commit', COMMIT)
      if (path === undefined || bytes === undefined) return response.writeHead(404).end()
      if (!isLfs(path)) return sendBytes(request, response, bytes)
      response.setHeader('x-linked-etag', `"${sha256(bytes)}"`)
      response.setHeader('x-linked-size', bytes.length)
      return response.writeHead(302, { location: `${store}/${path}` }).end()
    })
  })
  function answer(
    host: HubRequest['host'],
    request: Parsed,
    response: ServerResponse,
    bytes: Uint8Array | undefined,
    usual: () => unknown,
  ): void {
    const seen = { ...request, host }
    requests.push(seen)
    if (state.fault?.(seen, response, bytes)) return
    usual()
  }
  return Object.assign(state, { endpoint: hub, requests, files })
}

type Parsed = Omit<HubRequest, 'host'>

async function listen(
  handle: (request: Parsed, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer((message: IncomingMessage, response) => {
    const path = decodeURIComponent(message.url ?? '/')
    const { range, authorization } = message.headers
    handle({ path, range, authorization }, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function sendApi(
  { path }: Parsed,
  response: ServerResponse,
  files: ReadonlyMap<string, Uint8Array>,
): void {
  if (!path.startsWith(`/api/models/${REPOSITORY}/revision/`)) {
    response.writeHead(404).end()
    return
  }
  const siblings = [...files].map(([rfilename, bytes]) => ({
    rfilename,
    size: bytes.length,
    blobId: gitBlobId(bytes),
    ...(isLfs(rfilename)
      ? { lfs: { sha256: sha256(bytes), size: bytes.length, pointerSize: 134 } }
      : {}),
  }))
  const document = { id: REPOSITORY, sha: COMMIT, cardData: { license: 'apache-2.0' }, siblings }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
}

function sendBytes(
  { range }: Parsed,
  response: ServerResponse,
  bytes: Uint8Array | undefined,
): void {
  if (bytes === undefined) {
    response.writeHead(404).end()
    return
  }
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
  const part = bytes.subarray(from)
  response.setHeader('content-length', part.length)
  if (range === undefined) response.writeHead(200)
  else {
    response.writeHead(206, {
      'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
    })
  }
  response.end(part)
}
