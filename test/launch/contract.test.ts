/** The engine contract over a launched server (SIMULATED), a process of its own that a crash kills. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Engine, GenerateRequest } from '#inference/engine.ts'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { createUpstreamEngine } from '#inference/upstream/upstream-engine.ts'
import { systemClock } from '#node/clock.ts'
import { type LaunchedServer, startLaunchedServer } from '#node/launch/launched-server.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { testEngine } from '../contracts/engine.ts'
import { VLLM_EXCEPTIONS } from '../contracts/engine-exceptions.ts'
import { eventually } from '../support/eventually.ts'
import { launchFolder, launchOf, writeLaunchModel } from '../support/launch.ts'
import { simulatedModelFiles } from '../support/simulated-engine.ts'

const files = simulatedModelFiles()

testEngine(
  'upstream, a launched vllm (SIMULATED)',
  async () => {
    const folder = launchFolder()
    const modelFolder = path.join(folder, 'model')
    writeLaunchModel(modelFolder)
    const held = path.join(folder, 'held')
    const parentFolder = mkdtempSync('/dev/shm/launch-contract-')
    const server = await startLaunchedServer({
      description: launchOf(modelFolder, { more: ['--hold', held] }),
      ...{ modelFolder, parentFolder, clock: systemClock },
      log: () => undefined,
      onChange: () => undefined,
    })
    const engine = await createUpstreamEngine({
      ...{ url: server.url, modelId: 'simulated', dialect: 'vllm', files },
      ...{ modelRoot: new Uint8Array(32), launchDigest: new Uint8Array(32) },
      ...{ crypto: nodeCrypto, clock: systemClock, fetch: server.fetch },
      // This suite asks 65 at once of a machine that may be busy with others: no limit is what it is about.
      timeoutSignal: (timeoutMs) => AbortSignal.timeout(timeoutMs * 12),
    })
    const dispose = async (): Promise<void> => {
      await server[Symbol.asyncDispose]()
      for (const one of [folder, parentFolder]) rmSync(one, { recursive: true, force: true })
    }
    return {
      ...restarting(engine, server, dispose),
      tokenizer: loadChatTokenizer(files),
      keepsPrefixes: false,
      hold: (areHeld) => (areHeld ? writeFileSync(held, '') : rmSync(held)),
      // A connection may break while it is made.
      crashCodes: ['UPSTREAM_ENDED', 'UPSTREAM_UNREACHABLE'],
    }
  },
  { exceptions: VLLM_EXCEPTIONS },
)

/** Kills the server; what is asked after that waits for the next one, as offers do: they say that no slot is free. */
function restarting(engine: Engine, server: LaunchedServer, dispose: () => Promise<void>) {
  let killed: number | undefined
  async function* afterRestart(request: GenerateRequest) {
    await eventually(() => server.isReady && server.processId !== killed)
    yield* engine.generate(request)
  }
  return {
    crash() {
      // Also the next one, where an answer came so late that it began there.
      const { processId } = server
      if (processId === undefined || processId === killed) return
      killed = processId
      process.kill(processId, 'SIGKILL')
    },
    engine: {
      get info() {
        return engine.info
      },
      load: () => engine.load(),
      // At once where nothing was killed: the suite counts what it began.
      generate: (request) =>
        killed === undefined ? engine.generate(request) : afterRestart(request),
      verify: (request) => engine.verify(request),
      async [Symbol.asyncDispose]() {
        await engine[Symbol.asyncDispose]()
        await dispose()
      },
    } satisfies Engine,
  }
}
