/** The engine contract over HTTP: each kind of server, SIMULATED, and another Cocoon node's own endpoint. */
import type { ChatMessage, Engine } from '#inference/engine.ts'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { createUpstreamEngine } from '#inference/upstream/upstream-engine.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { testEngine } from '../contracts/engine.ts'
import { simulatedModelFiles } from '../support/simulated-engine.ts'
import { TINY_END_TOKEN_ID } from '../support/tiny-tokenizer.ts'
import { type ServerDialect, UpstreamTestServer } from '../support/upstream-server.ts'

for (const dialect of ['vllm', 'sglang', 'sglang-new-only'] as const) {
  testEngine(`upstream, ids from a simulated ${dialect}`, () => open(dialect))
}
for (const dialect of ['llama-cpp', 'openai'] as const) {
  const isExact = { exactTokenIds: false }
  testEngine(`upstream, text from a simulated ${dialect}`, () => open(dialect), 'What?', isExact)
}

async function open(dialect: ServerDialect) {
  const server = await UpstreamTestServer.start({ dialect })
  const engine = await createUpstreamEngine({
    url: server.url,
    modelId: server.model,
    files: simulatedModelFiles(),
    modelRoot: new Uint8Array(32),
    crypto: nodeCrypto,
    fetch: globalThis.fetch,
    timeoutSignal: AbortSignal.timeout,
  })
  return {
    engine: withMessages(engine, () => server.stop()),
    tokenizer: server.engine.tokenizer,
    keepsPrefixes: false,
    crash: () => server.crash(),
    crashCode: 'UPSTREAM_ENDED',
  }
}

/** As a session does: with the ids come the messages that they were made of, read back from the markers. */
function withMessages(engine: Engine, onDispose: () => Promise<void>): Engine {
  return {
    get info() {
      return engine.info
    },
    load: () => engine.load(),
    generate: (request) =>
      engine.generate({ ...request, messages: messagesOf(request.promptTokenIds) }),
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]()
      await onDispose()
    },
  }
}

const START_ID = 257
const tokenizer = loadChatTokenizer(simulatedModelFiles())

function messagesOf(ids: readonly number[]): ChatMessage[] {
  const messages: ChatMessage[] = []
  for (let at = ids.indexOf(START_ID); at >= 0; at = ids.indexOf(START_ID, at + 1)) {
    const end = ids.indexOf(TINY_END_TOKEN_ID, at)
    if (end < 0) break
    const text = tokenizer.textStream([])
    const turn =
      ids
        .slice(at + 1, end)
        .map((id) => text.push(id))
        .join('') + text.end()
    const [role = '', ...lines] = turn.split('\n')
    messages.push({ role: role as ChatMessage['role'], content: lines.join('\n') })
  }
  return messages
}
