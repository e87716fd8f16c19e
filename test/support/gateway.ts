import OpenAI from 'openai'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { systemClock } from '#node/clock.ts'
import { createGateway, type GatewayOptions } from '#node/gateway/app.ts'
import { type RunningGateway, serveGateway } from '#node/gateway/serve.ts'
import type { KeyLimits } from '#node/keys/key-rules.ts'
import { KeyStore } from '#node/keys/key-store.ts'
import { openLedgerDatabase } from '#node/spending/database.ts'
import { ScriptedClientService } from './scripted-client-service.ts'
import { temporaryFolder } from './temporary-folder.ts'

export const TEST_OWNER_TOKEN = `cocoon_owner_${'o'.repeat(43)}`

export interface TestGateway {
  readonly service: ScriptedClientService
  readonly gateway: RunningGateway
  readonly url: string
  readonly openai: OpenAI
  readonly keys: KeyStore
  readonly dataDir: string
  /** Makes an API key and returns a client that uses it. */
  readonly withKey: (limits?: KeyLimits) => OpenAI
  /** Everything that was logged. */
  readonly logged: () => string
  /** As a restart of the client: another gateway on the same folder. */
  readonly stop: () => Promise<void>
}

type TestOptions = Partial<
  Pick<GatewayOptions, 'isExposed' | 'corsOrigins' | 'clock' | 'dataDir'>
> & {
  readonly service?: ScriptedClientService
}

/** The gateway over real HTTP on a free loopback port, with a scripted service behind it. */
export async function startTestGateway(options: TestOptions = {}): Promise<TestGateway> {
  const { service = new ScriptedClientService(), dataDir = temporaryFolder(), ...rest } = options
  const lines: string[] = []
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  const ledger = openLedgerDatabase(dataDir)
  const parts = { service, log, clock: systemClock, version: '0.0.0', ledger, dataDir }
  const api = createGateway({ ...parts, ownerToken: TEST_OWNER_TOKEN, ...rest })
  const gateway = await serveGateway({ app: api.app, host: '127.0.0.1', port: 0 })
  const stop = async (): Promise<void> => {
    await gateway.close()
    await api.stop()
    if (ledger.isOpen) ledger.close()
  }
  onTestFinished(stop)
  const baseURL = `${gateway.url}/v1`
  const openai = new OpenAI({ baseURL, apiKey: 'unused' })
  const keys = new KeyStore(ledger)
  const withKey = (limits: KeyLimits = {}): OpenAI => {
    const { text } = keys.create({ name: 'test', scope: 'app', limits }, Date.now())
    return new OpenAI({ baseURL, apiKey: text, maxRetries: 0 })
  }
  const logged = () => lines.join('')
  return { service, gateway, url: gateway.url, openai, keys, dataDir, withKey, logged, stop }
}
