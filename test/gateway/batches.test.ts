/** /v1/files and /v1/batches as the official client sees them, over real HTTP, also over a restart. */
import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import type OpenAI from 'openai'
import { toFile } from 'openai'
import { describe, expect, it } from 'vitest'
import { UPLOAD_BYTES_MAX } from '#node/gateway/constants.ts'
import type { JobLine, JobLineResult } from '#node/roles/client-service.ts'
import { collect } from '../support/collect.ts'
import { eventually } from '../support/eventually.ts'
import { startTestGateway } from '../support/gateway.ts'
import { ScriptedClientService } from '../support/scripted-client-service.ts'

const line = (custom_id: string, content: string, extra: object = {}) =>
  JSON.stringify({
    custom_id,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'cocoon/demo', messages: [{ role: 'user', content }], ...extra },
  })

/** Jobs that a test ends itself; results as the job book would have them. */
class JobbingService extends ScriptedClientService {
  readonly #jobs = new Map<
    string,
    { readonly lines: readonly JobLine[]; results: JobLineResult[] }
  >()
  readonly #ended = new Map<string, PromiseWithResolvers<void>>()
  answer: (line: JobLine) => string | undefined = ({ customId }) => `to ${customId}`
  /** Ends jobs by itself. */
  isAutomatic = true

  override async submitJob(_model: string, lines: readonly JobLine[]) {
    const id = `job-${this.#jobs.size}`
    this.submitted.push([...lines])
    this.#jobs.set(id, { lines, results: [] })
    this.#ended.set(id, Promise.withResolvers())
    if (this.isAutomatic) this.end(id)
    return { ...super.jobs()[0]!, id }
  }

  end(id = [...this.#jobs.keys()].at(-1)!): void {
    const job = this.#jobs.get(id)!
    job.results = job.lines.map(({ customId }, index) => {
      const text = this.answer(job.lines[index]!)
      const usage = { promptTokens: 4, cachedTokens: 0, completionTokens: 2 }
      return text === undefined
        ? { ...NO_ANSWER, index, customId }
        : {
            ...NO_ANSWER,
            index,
            customId,
            text,
            finish: 'stop',
            receiptId: 'r',
            usage,
            error: undefined,
          }
    })
    this.#ended.get(id)!.resolve()
  }

  override async jobEnded(id?: string): Promise<void> {
    await this.#ended.get(id ?? '')?.promise
  }

  override jobs() {
    return [...this.#jobs.keys()].map((id) => ({ ...super.jobs()[0]!, id, spentNano: 70n }))
  }

  override jobResults(id: string) {
    return this.#jobs.get(id)?.results
  }

  override cancelJob(id: string): void {
    super.cancelJob(id)
    this.#ended.get(id)?.resolve()
  }
}

const NO_ANSWER = {
  text: undefined,
  finish: undefined,
  receiptId: undefined,
  usage: undefined,
  error: 'PROVIDER_GONE',
}

const upload = async (openai: OpenAI, lines: readonly string[]) =>
  openai.files.create({
    file: await toFile(Buffer.from(lines.join('\n')), 'input.jsonl'),
    purpose: 'batch',
  })

const create = (openai: OpenAI, input_file_id: string) =>
  openai.batches.create({
    input_file_id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
    metadata: { job: 'nightly' },
  })

const ended = async (openai: OpenAI, id: string) => {
  const over = ['completed', 'failed', 'cancelled']
  await eventually(async () => over.includes((await openai.batches.retrieve(id)).status))
  return openai.batches.retrieve(id)
}

const linesOf = async (openai: OpenAI, id: string) =>
  (await (await openai.files.content(id)).text())
    .trimEnd()
    .split('\n')
    .map((one) => JSON.parse(one))

describe('files', () => {
  it('are kept for their owner only, listed, read and deleted', async () => {
    const { openai, dataDir } = await startTestGateway()
    const file = await upload(openai, [line('a', 'A')])
    expect(file).toMatchObject({ object: 'file', purpose: 'batch', filename: 'input.jsonl' })
    expect(await (await openai.files.content(file.id)).text()).toBe(line('a', 'A'))
    expect((await collect(openai.files.list())).map(({ id }) => id)).toEqual([file.id])
    expect(await openai.files.retrieve(file.id)).toEqual(file)
    const folder = path.join(dataDir, 'files')
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(path.join(folder, file.id)).mode & 0o777).toBe(0o600)
    expect(await openai.files.delete(file.id)).toEqual({
      id: file.id,
      object: 'file',
      deleted: true,
    })
    expect(readdirSync(folder)).toEqual([])
    await expect(openai.files.retrieve(file.id)).rejects.toMatchObject({ status: 404 })
  })

  it('of one key are not seen by another', async () => {
    const { withKey } = await startTestGateway()
    const [a, b] = [withKey(), withKey()]
    const file = await upload(a, [line('a', 'A')])
    await expect(b.files.retrieve(file.id)).rejects.toMatchObject({ status: 404 })
    await expect(b.files.content(file.id)).rejects.toMatchObject({ status: 404 })
    await expect(b.files.delete(file.id)).rejects.toMatchObject({ status: 404 })
    await expect(create(b, file.id)).rejects.toMatchObject({ status: 404 })
    expect(await collect(b.files.list())).toEqual([])
  })

  it('are paged', async () => {
    const { openai } = await startTestGateway()
    for (const name of ['a', 'b', 'c']) await upload(openai, [line(name, name)])
    const page = await openai.files.list({ limit: 2 })
    expect(page.data).toHaveLength(2)
    expect(page.has_more).toBe(true)
    expect((await page.getNextPage()).data).toHaveLength(1)
  })

  it('too large, of another purpose, or no form are refused', async () => {
    const { openai, url } = await startTestGateway()
    const large = await toFile(Buffer.alloc(UPLOAD_BYTES_MAX + 1), 'x')
    await expect(openai.files.create({ file: large, purpose: 'batch' })).rejects.toMatchObject({
      status: 413,
    })
    const small = await toFile(Buffer.from('x'), 'x')
    await expect(openai.files.create({ file: small, purpose: 'fine-tune' })).rejects.toMatchObject({
      status: 400,
      param: 'purpose',
    })
    const form = { method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=x' } }
    expect((await fetch(`${url}/v1/files`, { ...form, body: '--x\r\nbroken' })).status).toBe(400)
    expect((await fetch(`${url}/v1/files`, { method: 'POST', body: 'x' })).status).toBe(415)
    for (const id of ['..%2f..%2fledger.sqlite', '%00', 'file-', 'x'.repeat(2_000)]) {
      expect((await fetch(`${url}/v1/files/${id}/content`)).status).toBe(404)
    }
  })
})

describe('a batch', () => {
  it('runs as a job and writes its answers', async () => {
    const service = new JobbingService()
    const { openai } = await startTestGateway({ service })
    const file = await upload(openai, [
      line('a', 'A', { temperature: 0.5, max_tokens: 9 }),
      line('b', 'B'),
    ])
    const begun = await create(openai, file.id)
    expect(begun).toMatchObject({
      object: 'batch',
      status: 'validating',
      metadata: { job: 'nightly' },
    })
    const batch = await ended(openai, begun.id)
    expect(batch).toMatchObject({
      status: 'completed',
      error_file_id: null,
      request_counts: { total: 2, completed: 2, failed: 0 },
    })
    expect(service.submitted[0]?.[0]).toMatchObject({
      customId: 'a',
      maxTokens: 9,
      sampling: { temperature: 0.5, topP: 1 },
    })
    const output = await linesOf(openai, batch.output_file_id!)
    expect(output.map((one) => one.custom_id)).toEqual(['a', 'b'])
    expect(output[0].response.body).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: 'to a' }, finish_reason: 'stop' }],
      usage: { total_tokens: 6 },
      cocoon: { receipt: 'r' },
    })
    expect((await collect(openai.batches.list())).map(({ id }) => id)).toEqual([batch.id])
  })

  it('goes on after a restart of the client with what was not answered', async () => {
    const service = new JobbingService()
    service.isAutomatic = false
    const first = await startTestGateway({ service })
    const file = await upload(first.openai, [line('a', 'A'), line('b', 'B')])
    const { id } = await create(first.openai, file.id)
    await eventually(() => service.submitted.length === 1)
    // The client dies when one of two lines has its answer.
    service.answer = ({ customId }) => (customId === 'a' ? 'to a' : undefined)
    const stopping = first.stop()
    service.end()
    await stopping
    service.answer = ({ customId }) => `later to ${customId}`
    service.isAutomatic = true
    const second = await startTestGateway({ service, dataDir: first.dataDir })
    const batch = await ended(second.openai, id)
    expect(batch.request_counts).toEqual({ total: 2, completed: 2, failed: 0 })
    expect(service.submitted.map((lines) => lines.map(({ customId }) => customId))).toEqual([
      ['a', 'b'],
      ['b'],
    ])
    const output = await linesOf(second.openai, batch.output_file_id!)
    expect(output.map((one) => one.response.body.choices[0].message.content)).toEqual([
      'to a',
      'later to b',
    ])
  })

  it('is cancelled, keeps what was answered and names the rest', async () => {
    const service = new JobbingService()
    service.isAutomatic = false
    const { openai } = await startTestGateway({ service })
    const file = await upload(openai, [line('a', 'A')])
    const { id } = await create(openai, file.id)
    await eventually(() => service.submitted.length === 1)
    await eventually(async () => {
      const { status } = await openai.batches.retrieve(id)
      return status === 'in_progress'
    })
    await expect(openai.files.delete(file.id)).rejects.toMatchObject({
      status: 409,
      code: 'FILE_IN_USE',
    })
    expect((await openai.batches.cancel(id)).status).toBe('cancelling')
    const batch = await ended(openai, id)
    expect(batch.status).toBe('cancelled')
    expect(service.cancelled).toEqual(['job-0'])
    expect(await linesOf(openai, batch.error_file_id!)).toMatchObject([
      { custom_id: 'a', response: null, error: { code: 'BATCH_LINE_NOT_RUN' } },
    ])
  })

  it('with faulty lines runs none of them, and names each', async () => {
    const service = new JobbingService()
    const { openai } = await startTestGateway({ service })
    const lines = [
      line('a', 'A'),
      'no json',
      line('a', 'again'),
      line('c', 'C', { tools: [] }),
      line('d', 'D', { model: 'another' }),
      line('e', 'E', { stream: true }),
      JSON.stringify({ custom_id: 'f', method: 'GET', url: '/v1/files', body: {} }),
    ]
    const file = await upload(openai, lines)
    const batch = await ended(openai, (await create(openai, file.id)).id)
    expect(batch.status).toBe('failed')
    expect(batch.errors?.data?.map((one) => [one.line, one.param])).toEqual([
      [2, ''],
      [3, 'custom_id'],
      [4, 'tools'],
      [5, 'body.model'],
      [6, 'body.stream'],
      [7, 'method'],
    ])
    expect(service.submitted).toEqual([])
  })

  it('of bytes that are not UTF-8 runs nothing', async () => {
    const service = new JobbingService()
    const { openai } = await startTestGateway({ service })
    const content = Buffer.concat([Buffer.from(line('a', 'A')), Buffer.of(0xff, 0xfe)])
    const named = new File([content], 'lines.jsonl')
    const file = await openai.files.create({ file: named, purpose: 'batch' })
    const batch = await ended(openai, (await create(openai, file.id)).id)
    expect(batch.status).toBe('failed')
    expect(batch.errors?.data?.map(({ message }) => message)).toEqual(['the file is not UTF-8'])
    expect(service.submitted).toEqual([])
  })

  it('is charged to the key that made it', async () => {
    const service = new JobbingService()
    const { withKey, keys } = await startTestGateway({ service })
    const app = withKey({ budgetNano: 100_000n })
    const file = await upload(app, [line('a', 'A')])
    await ended(app, (await create(app, file.id)).id)
    expect(keys.list()[0]?.usage).toEqual({
      requests: 1,
      promptTokens: 4,
      completionTokens: 2,
      spentNano: 70n,
      heldNano: 0n,
    })
  })

  it.each([
    [{ endpoint: '/v1/embeddings' }, 'endpoint'],
    [{ completion_window: '1h' }, 'completion_window'],
    [{ output_expires_after: {} }, 'output_expires_after'],
  ])('%j is refused by name', async (extra, param) => {
    const { openai } = await startTestGateway()
    const file = await upload(openai, [line('a', 'A')])
    const body = {
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
      ...extra,
    } as OpenAI.BatchCreateParams
    await expect(openai.batches.create(body)).rejects.toMatchObject({ status: 400, param })
  })
})
