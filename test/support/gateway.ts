import OpenAI from 'openai'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { systemClock } from '#node/clock.ts'
import { createGateway } from '#node/gateway/app.ts'
import { type RunningGateway, serveGateway } from '#node/gateway/serve.ts'
import { ScriptedClientService } from './scripted-client-service.ts'

export interface TestGateway {
  readonly service: ScriptedClientService
  readonly gateway: RunningGateway
  readonly url: string
  readonly openai: OpenAI
  /** Everything that was logged. */
  readonly logged: () => string
}

/** The gateway over real HTTP on a free loopback port, with a scripted service behind it. */
export async function startTestGateway(): Promise<TestGateway> {
  const service = new ScriptedClientService()
  const lines: string[] = []
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  const app = createGateway({ service, log, clock: systemClock, version: '0.0.0' })
  const gateway = await serveGateway({ app, host: '127.0.0.1', port: 0 })
  onTestFinished(() => gateway.close())
  const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'unused' })
  return { service, gateway, url: gateway.url, openai, logged: () => lines.join('') }
}
