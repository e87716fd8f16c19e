/**
 * One client and one provider from the first dial to the closed channel, ended at any moment on the way:
 * by itself, by the other side or by the chain. What was delivered is counted as the caller saw it.
 */
import { unitsCostNano } from '#protocol/session/units.ts'
import { FaultProbe } from './fault-probe.ts'
import type { RoleNetwork } from './role-harness.ts'
import { PRICES, TestClient, TestProvider } from './role-peers.ts'

export type Victim = 'provider' | 'client' | 'chain'
/** How the channel ends: with the provider's authorisation, or by the client alone. */
export type Ending = 'together' | 'alone'

export interface FaultRun {
  readonly network: RoleNetwork
  readonly probe: FaultProbe
  readonly provider: TestProvider
  readonly client: TestClient
  readonly delivered: { nano: bigint }
}

export async function beginRun(network: RoleNetwork, name: string): Promise<FaultRun> {
  const probe = new FaultProbe()
  const provider = await TestProvider.start(network, `provider ${name}`, {
    probe,
    // What is delivered is counted at the full price, also where the same is asked again.
    keepsPrefixes: false,
    walletName: 'any provider',
  })
  const client = await TestClient.start(network, `client ${name}`, [provider], {
    probe,
    walletName: 'any client',
    depositNano: 10_000_000n,
  })
  return { network, probe, provider, client, delivered: { nano: 0n } }
}

/** The steps of a whole life, in order. */
export function stepsOf(
  run: FaultRun,
  ending: Ending | 'warm',
): readonly (() => Promise<unknown>)[] {
  const { client, provider, network } = run
  if (ending === 'warm') return [() => ask(run, 40), () => ask(run, 40, 8)]
  if (ending === 'together') {
    return [() => ask(run, 40), () => ask(run, 40, 8), () => client.settle()]
  }
  return [
    () => ask(run, 20),
    () => {
      // The client finds nobody to close with.
      const known = client.providers.splice(0)
      const alone = client.sessions.stop().then(() => client.settle())
      return alone.finally(() => client.providers.push(...known))
    },
    () => provider.stop(),
    () => {
      network.advance(network.file.closeDelay + 1)
      return client.settle()
    },
  ]
}

/** One answer, left after `readTokensMax`; counts what arrived at its price. */
async function ask(run: FaultRun, maxTokens: number, readTokensMax = maxTokens): Promise<void> {
  const { client } = run
  const before = client.events.length
  let tokens = 0
  try {
    for await (const event of client.chatEvents({ maxTokens })) {
      if (event.kind === 'text') tokens += event.tokens
      if (tokens >= readTokensMax && tokens < maxTokens) break
    }
  } finally {
    const payments = client.events.slice(before).filter(({ kind }) => kind === 'payment').length
    // The second chunk is only paid when half of the first, which begins with the prompt, is there.
    const promptTokens = tokens > 0 || payments > 1 ? PROMPT_TOKENS : 0
    run.delivered.nano += unitsCostNano(PRICES, promptTokens, 0, promptTokens + tokens)
  }
}

/** Of CHAT's messages under the test's tokenizer; checked by the test that relies on it. */
export const PROMPT_TOKENS = 16

export const END_LIMIT_MS = 10_000

/** Ends `victim` at one visit of a point, and reports how the step that was running ended. */
export async function endAt(
  run: FaultRun,
  ending: Ending | 'warm',
  victim: Victim,
  point: string,
  visit: number,
): Promise<{ readonly fired: boolean; readonly thrown: unknown; readonly tookMs: number }> {
  const { probe } = run
  let endedAtMs: number | undefined
  probe.arm({
    ...{ point, visit },
    isSelf: point.startsWith(victim),
    act: () => {
      endedAtMs = performance.now()
      endVictim(run, victim)
    },
  })
  for (const step of stepsOf(run, ending)) {
    let thrown: unknown
    try {
      await step()
    } catch (error) {
      thrown = error
    }
    if (endedAtMs !== undefined) {
      return { fired: true, thrown, tookMs: performance.now() - endedAtMs }
    }
    if (thrown !== undefined) throw thrown
  }
  return { fired: false, thrown: undefined, tookMs: 0 }
}

function endVictim({ network, provider, client }: FaultRun, victim: Victim): void {
  if (victim === 'provider') void provider.crash()
  if (victim === 'client') void client.crash()
  if (victim === 'chain') network.gate.fault = 'stopped'
}

export async function restart({ network, provider, client }: FaultRun, victim: Victim) {
  if (victim === 'provider') await provider.start()
  if (victim === 'client') await client.start()
  if (victim === 'chain') network.gate.fault = 'none'
}

/** Until nothing is left in any channel: with the provider if it can be, else after the delay. */
export async function settleAndStop({ network, provider, client }: FaultRun): Promise<void> {
  await client.settle()
  await provider.stop()
  network.advance(network.file.closeDelay + 1)
  await client.settle()
  await client.stop()
}

/** What the chain paid out of this client's channels. */
export async function claimedNano({ network, client }: FaultRun): Promise<bigint> {
  let sum = 0n
  for (const desk of client.funding.desks) {
    const seen = await network.chain.channel(desk.state.address)
    if (seen === undefined) continue
    if (!seen.closed) throw new Error(`a channel stayed open: ${desk.state.status}`)
    sum += seen.claimedNano
  }
  return sum
}
