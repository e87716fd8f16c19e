/**
 * The list of moments at which a peer can end, read from the code: session state machines, wire schema,
 * methods of the store, operations of the contract. A new one without a case fails kill-points.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { CLIENT_SESSION_EVENTS } from '#protocol/session/client-session.ts'
import { PROVIDER_SESSION_EVENTS } from '#protocol/session/provider-session.ts'
import {
  ClientContentSchema,
  ProviderContentSchema,
  SessionMessageSchema,
} from '#protocol/wire/gen/cocoon_pb.ts'
import { OPERATION } from '#settlement/wallet/messages.ts'
import { writeMethods } from './fault-probe.ts'

/** Points at which nothing is left to end, or that an honest life never reaches, each with its reason. */
export const NOT_REACHED: Readonly<Record<string, string>> = {
  'client session close': 'a session ends with its stream: nobody steps a machine to closed',
  'provider session close': 'as the client',
  'provider sends refusal': 'an honest life has none; attacks-client ends sessions with each',
  'provider sent refusal': 'as above',
  'provider sends openly refusal': 'as above',
  'provider sent openly refusal': 'as above',
  'client sends openly refusal': 'this client hangs up instead',
  'client sent openly refusal': 'as above',
  'client sends openly provider-hello': 'the other side says it',
  'client sent openly provider-hello': 'the other side says it',
  'provider sends openly client-hello': 'the other side says it',
  'provider sent openly client-hello': 'the other side says it',
  'provider sends queued': 'nobody waits for a slot here, and it changes no state; roles/queue',
  'provider sent queued': 'as above',
  'provider sends vector': 'these lives chat; roles/embedding ends a provider between two vectors',
  'provider sent vector': 'as above',
  'provider sends openly seal-open': 'the other side says it',
  'provider sent openly seal-open': 'the other side says it',
}

/** Writes of one side that the other never makes. */
const WRITES_ELSEWHERE = new Set([
  ...['provider addReceipt', 'provider saveAsk', 'client eraseAsk', 'provider eraseAsk'],
  // Only a provider's vouchers share a sync.
  'client group',
  // Told to the owner by node/why: nothing is owed by it.
  ...['client saveStory', 'provider saveStory', 'client eraseStory', 'provider eraseStory'],
  // An owner that deletes its local history: no session runs it.
  ...['client eraseMeta', 'client eraseReceipt', 'client eraseJob'],
  ...['provider eraseMeta', 'provider eraseReceipt', 'provider eraseJob'],
  ...['client saveJob', 'provider saveJob', 'client saveJobLine', 'provider saveJobLine'],
])

const TRANSACTIONS: Readonly<Record<keyof typeof OPERATION, 'client' | 'provider' | undefined>> = {
  topUp: 'client',
  claim: 'provider',
  coopClose: 'client',
  startClose: 'client',
  finish: 'client',
  // No role sends these yet.
  close: undefined,
  destroy: undefined,
}

function oneofNames(schema: typeof ClientContentSchema | typeof SessionMessageSchema): string[] {
  const names = schema.oneofs.flatMap((oneof) => oneof.fields.map((field) => field.name))
  return names.map((name) => name.replaceAll('_', '-'))
}

/** Every step that the code knows, by the names of its probes. */
export function enumeratedPoints(): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'cocoon-points-'))
  const store = openPeerStore(folder)
  const writes = writeMethods(store)
  store.close()
  rmSync(folder, { recursive: true })
  const sides = ['client', 'provider'] as const
  const said = (side: string, how: string, kinds: string[]) =>
    kinds.flatMap((kind) => [`${side} sends ${how}${kind}`, `${side} sent ${how}${kind}`])
  return [
    ...CLIENT_SESSION_EVENTS.map((kind) => `client session ${kind}`),
    ...PROVIDER_SESSION_EVENTS.map((kind) => `provider session ${kind}`),
    ...said('client', '', oneofNames(ClientContentSchema)),
    ...said('provider', '', oneofNames(ProviderContentSchema as never)),
    ...sides.flatMap((side) =>
      said(
        side,
        'openly ',
        oneofNames(SessionMessageSchema).filter((kind) => kind !== 'frame'),
      ),
    ),
    ...sides.flatMap((side) => [`${side} commits`, `${side} committed`]),
    ...sides.flatMap((side) =>
      writes
        .filter((name) => !WRITES_ELSEWHERE.has(`${side} ${name}`))
        .map((name) => `${side} writes ${name}`),
    ),
    ...Object.keys(OPERATION).flatMap((name) => {
      const who = TRANSACTIONS[name as keyof typeof OPERATION]
      return who === undefined ? [] : [`${who} transacts ${name}`, `${who} transacted ${name}`]
    }),
  ]
}
