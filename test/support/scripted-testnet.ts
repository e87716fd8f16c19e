/** Testnets of scripted peers around the real chain. */
import { onTestFinished } from 'vitest'
import type { NodeEvent } from '#node/roles/events.ts'
import { type RunningTestnet, startTestnet, type TestnetOptions } from '#node/testnet/testnet.ts'
import { scriptedParts } from './scripted-testnet-parts.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface ScriptedTestnet {
  readonly testnet: RunningTestnet
  readonly events: NodeEvent[]
  /** Resolves with the first event, past or future, that has this code. */
  warning(code: string): Promise<NodeEvent>
}

export async function startScriptedTestnet(
  over: Partial<TestnetOptions> = {},
): Promise<ScriptedTestnet> {
  const events: NodeEvent[] = []
  const waiting = new Set<() => void>()
  const testnet = await startTestnet({
    seed: 'test',
    providers: 1,
    clients: 1,
    testnetDir: temporaryFolder(),
    apiPort: 0,
    apiPortFallback: false,
    claimsAtOnce: false,
    restart: false,
    logLevel: 'silent',
    parts: scriptedParts,
    ...over,
    onEvent(event) {
      events.push(event)
      for (const look of waiting) look()
    },
  })
  onTestFinished(async () => {
    await testnet.stop()
  })
  return {
    testnet,
    events,
    warning: (code) =>
      new Promise((resolve) => {
        const look = () => {
          const found = events.find((event) => event.kind === 'warning' && event.code === code)
          if (found) resolve(found)
        }
        waiting.add(look)
        look()
      }),
  }
}
