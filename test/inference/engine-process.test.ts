/** The engine's own process: its limits, its deaths and its end. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  CONTEXT_FLOOR_TOKENS,
  ENGINE_MEMORY_MIN_BYTES,
  ENGINE_RESTART_BACKOFF_MS,
  ENGINE_WINDOW_EVENTS,
} from '#inference/constants.ts'
import type { Engine, GenerateEvent, GenerateRequest } from '#inference/engine.ts'
import { createOnnxEngine, type OnnxEngineOptions } from '#inference/onnx/onnx-engine.ts'
import { RestartBackoff } from '#inference/onnx/process/restart-backoff.ts'
import type { ErrorData } from '#protocol/errors.ts'
import { collect } from '../support/collect.ts'
import { costlySchema } from '../support/random-schemas.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { writeTinyModel } from '../support/tiny-onnx-model.ts'
import { TINY_END_TOKEN_ID } from '../support/tiny-tokenizer.ts'

const OWNER = path.join(import.meta.dirname, '../support/engine-owner-process.ts')
let folder = ''
let nowMs = 0

beforeEach(async () => {
  nowMs = 0
  folder = path.join(temporaryFolder(), 'model')
  await writeTinyModel(folder)
})

function open(options: Partial<OnnxEngineOptions> = {}) {
  const clock = { nowMs: () => nowMs }
  return createOnnxEngine({ folder, modelId: 'test', clock, threads: 1, ...options })
}

function ask(engine: Engine, changes: Partial<GenerateRequest> = {}) {
  return collect(
    engine.generate({
      promptTokenIds: [1, 2, 3],
      resumeTokenIds: [],
      maxTokens: 4,
      sampling: { temperature: 0, topP: 1, seed: 0n },
      stop: [],
      signal: new AbortController().signal,
      ...changes,
    }),
  )
}

/** Running, and not a zombie that nobody has reaped yet. */
function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0)
  } catch {
    return false
  }
  const stat = `/proc/${processId}/stat`
  return !existsSync(stat) || !/\) [ZX] /.test(readFileSync(stat, 'utf8'))
}

const crashed = { kind: 'unavailable', code: 'ENGINE_CRASHED' }

describe('engine process', () => {
  it('goes on through Ctrl-C and SIGTERM, which reach it with the whole group: the node ends it', async () => {
    await using engine = await open()
    const { processId } = engine
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.kill(processId ?? 0, signal)
    const whole = await ask(engine)
    expect(whole.at(-1)).toMatchObject({ kind: 'end' })
    expect(await ask(engine)).toEqual(whole)
    expect(engine.processId).toBe(processId)
  })

  it('refuses any model but the expected one, at the start and at a restart', async () => {
    const expectedRoot = new Uint8Array(32)
    const mismatch = { kind: 'config', code: 'MODEL_ROOT_MISMATCH' }
    await expect(open({ expectedRoot })).rejects.toMatchObject({
      ...{ ...mismatch, remedy: expect.stringContaining('cocoon models pin') },
      message: expect.stringMatching(/root [0-9a-f]{64}, not that of 0{64}$/),
    })

    await using engine = await open()
    await using same = await open({ expectedRoot: engine.info.modelRoot })
    expect(same.info.modelRoot).toEqual(engine.info.modelRoot)
    await writeTinyModel(folder, { seed: 2 })
    process.kill(engine.processId ?? 0, 'SIGKILL')
    await expect.poll(() => engine.processId).toBeUndefined()
    await expect(ask(engine)).rejects.toMatchObject(mismatch)
  })

  it('restarts at once after one crash, and waits longer after each in a row', async () => {
    await using engine = await open()
    const crash = async () => {
      process.kill(engine.processId ?? 0, 'SIGKILL')
      await expect.poll(() => engine.processId).toBeUndefined()
    }
    await crash()
    await writeFile(path.join(folder, 'config.json'), 'broken meanwhile')
    await expect(ask(engine)).rejects.toMatchObject({ code: 'MODEL_FILE_INVALID' })
    await writeTinyModel(folder)
    await expect(ask(engine)).rejects.toMatchObject(crashed)
    nowMs += ENGINE_RESTART_BACKOFF_MS - 1
    await expect(ask(engine)).rejects.toMatchObject(crashed)
    nowMs += 1
    expect(await ask(engine)).toHaveLength(6)
    // It answered: the next crash counts as the first again.
    await crash()
    expect(await ask(engine)).toHaveLength(6)
  })

  it('rests no longer than its wait when the clock is set back', () => {
    const backoff = new RestartBackoff({ nowMs: () => nowMs })
    for (let crash = 0; crash < 2; crash++) backoff.failed()
    nowMs -= 3_600_000
    expect(backoff.waitMs()).toBe(ENGINE_RESTART_BACKOFF_MS)
    nowMs += ENGINE_RESTART_BACKOFF_MS
    expect(backoff.waitMs()).toBe(0)
  })

  it('is ended when its memory passes the limit', async () => {
    const log: [string, ErrorData][] = []
    await truncate(path.join(folder, 'onnx/model.onnx'), 0)
    await writeFile(path.join(folder, 'onnx/weights.bin'), '')
    await truncate(path.join(folder, 'onnx/weights.bin'), 2 * ENGINE_MEMORY_MIN_BYTES)
    const opened = open({
      memoryLimitBytes: ENGINE_MEMORY_MIN_BYTES,
      log: (event, data) => log.push([event, data]),
    })
    await expect(opened).rejects.toMatchObject({ kind: 'config', code: 'MODEL_LOAD_FAILED' })
    expect(log).toEqual([])
  })

  it('lowers the context to what fits the memory, without another bit in an answer', async () => {
    const log: [string, ErrorData][] = []
    await writeTinyModel(folder, { layers: 16, contextTokens: 65_536 })
    await using whole = await open({ slotsTotal: 1 })
    await using lowered = await open({
      ...{ memoryLimitBytes: 2 * ENGINE_MEMORY_MIN_BYTES, slotsTotal: 4 },
      log: (event, data) => log.push([event, data]),
    })
    const { contextTokens, modelContextTokens } = lowered.info
    expect(whole.info).toMatchObject({ contextTokens: 65_536, modelContextTokens: 65_536 })
    expect(modelContextTokens).toBe(65_536)
    expect(contextTokens).toBeGreaterThanOrEqual(CONTEXT_FLOOR_TOKENS)
    expect(contextTokens).toBeLessThan(65_536)
    expect(log).toContainEqual(['context lowered', { contextTokens, modelContextTokens }])
    expect(await ask(lowered)).toEqual(await ask(whole))
    expect(lowered.info.scheduleDigest).toEqual(whole.info.scheduleDigest)
    expect(lowered.info.runtimeDigest).toEqual(whole.info.runtimeDigest)
  })

  it('has no longer context than its owner allows', async () => {
    await using engine = await open({ contextTokens: 6 })
    expect(engine.info.contextTokens).toBe(6)
    // Three of the prompt, three of the answer.
    const events = await ask(engine)
    expect(events.filter(({ kind }) => kind === 'token')).toHaveLength(3)
    expect(events.at(-1)).toEqual({ kind: 'end', finish: 'length' })
  })

  it('refuses a model of which not even the shortest context would fit', async () => {
    await writeTinyModel(folder, { layers: 16, contextTokens: 65_536 })
    const opened = open({ memoryLimitBytes: ENGINE_MEMORY_MIN_BYTES, slotsTotal: 64 })
    await expect(opened).rejects.toMatchObject({ code: 'MODEL_NEEDS_MORE_MEMORY' })
  })

  it('refuses options out of range', async () => {
    for (const options of [
      ...[{ slotsTotal: 0 }, { threads: 1.5 }, { memoryLimitBytes: 1 }, { contextTokens: 1 }],
    ]) {
      await expect(open(options)).rejects.toMatchObject({ code: 'ENGINE_OPTION_OUT_OF_RANGE' })
    }
  })

  it('stops loading when told to', async () => {
    const abort = new AbortController()
    const opened = open({ signal: abort.signal })
    abort.abort()
    await expect(opened).rejects.toMatchObject({ code: 'MODEL_LOAD_FAILED' })
    await expect(open({ signal: abort.signal })).rejects.toThrow(/abort/i)
  })

  it('is gone after disposal, and says so', async () => {
    const engine = await open()
    const processId = engine.processId ?? 0
    expect(isRunning(processId)).toBe(true)
    const closed = { kind: 'config', code: 'ENGINE_CLOSED' }
    const unfinished = expect(ask(engine)).rejects.toMatchObject(closed)
    await engine[Symbol.asyncDispose]()
    expect(isRunning(processId)).toBe(false)
    await unfinished
    await expect(ask(engine)).rejects.toMatchObject(closed)
  })

  it('ends a request whose schema takes too many steps to follow, and no other', async () => {
    await using engine = await open()
    const alone = await ask(engine)
    const constraint = { kind: 'json_schema', schema: costlySchema() } as const
    const costly = expect(ask(engine, { constraint })).rejects.toMatchObject({
      kind: 'config',
      code: 'SCHEMA_TOO_COSTLY',
    })
    expect(await ask(engine)).toEqual(alone)
    await costly
    expect(engine.load()).toEqual({ active: 0, queued: 0 })
  })

  it('tells of its death while it reads, answers or verifies, and says the same after it', async () => {
    await using engine = await open()
    const kill = () => process.kill(engine.processId ?? 0, 'SIGKILL')
    // More events than anybody is ahead of a reader: none of it can be over before the process is.
    const tokens = 3 * ENGINE_WINDOW_EVENTS
    const sampling = {
      ...{ temperature: 0, topP: 1, seed: 0n },
      logitBias: [{ id: TINY_END_TOKEN_ID, bias: -100 }],
    }
    const promptTokenIds = Array.from({ length: 300 }, (_, at) => at % 250)
    const whole: GenerateRequest = {
      ...{ promptTokenIds, sampling, topLogprobs: 0, maxTokens: tokens },
      ...{ resumeTokenIds: [], stop: [] },
      signal: new AbortController().signal,
    }
    const alone = await collect(engine.generate(whole))
    const answer = alone.flatMap((event) =>
      event.kind === 'token' ? [{ id: event.id, logprob: event.logprobs?.logprob }] : [],
    )
    expect(answer).toHaveLength(tokens)
    const verify = () =>
      engine.verify({
        ...{ promptTokenIds, sampling, stop: [], answer },
        schedule: { digest: engine.info.scheduleDigest, resumedTokens: 0 },
        signal: new AbortController().signal,
      })
    const killedAt = async (kind: GenerateEvent['kind']) => {
      for await (const event of engine.generate(whole)) {
        if (event.kind === kind && engine.processId !== undefined) kill()
      }
    }
    for (const work of [() => killedAt('prefilled'), () => killedAt('token'), verify]) {
      const dying = expect(work()).rejects.toMatchObject(crashed)
      if (work === verify) kill()
      await dying
      expect(engine.load()).toEqual({ active: 0, queued: 0 })
      expect((await verify()).verdict).toBe('exact')
    }
  })

  it('does not outlive its owner', async () => {
    const owner = spawn(process.execPath, [OWNER, folder], { stdio: ['ignore', 'pipe', 'ignore'] })
    const [line] = await collect(owner.stdout.setEncoding('utf8').take(1))
    const processId = Number(line)
    expect(isRunning(processId)).toBe(true)
    owner.kill('SIGKILL')
    await expect.poll(() => isRunning(processId)).toBe(false)
  })
})
