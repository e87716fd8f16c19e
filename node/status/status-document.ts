/**
 * What a running peer says of itself: `cocoon status --json`, the status block, and the lines of
 * `--json`. Amounts are nanoTON as text, a missing value is null (docs/spec/cli.md).
 */
import { z } from 'zod'
import { moneySchema } from '#node/wallet/money.ts'

const nano = z.string().regex(/^-?\d{1,39}$/)
const count = z.number().int().min(0)

const channelCountsSchema = z.object({
  opening: count,
  open: count,
  frozen: count,
  closing: count,
  closed: count,
})

const lostBidSchema = z.object({ jobId: z.string(), reason: z.string(), atMs: z.number() })

const upstreamStatusSchema = z.object({
  /** Scheme, host and port. */
  url: z.string(),
  dialect: z.string(),
  state: z.enum(['ready', 'unreachable', 'drifted']),
  /** Error code of what is wrong. */
  trouble: z.string().nullable(),
  exactTokenIds: z.boolean(),
  /** Digest of the launch that started the server, hexadecimal; null: this peer did not start it. */
  launch: z.string().nullable(),
})
export type UpstreamStatus = z.output<typeof upstreamStatusSchema>

const providerStatusSchema = z.object({
  model: z.string(),
  /** Hexadecimal: what buyers name the model by. */
  modelRoot: z.string(),
  /** Name, version, backend and device of what runs the model. */
  engine: z.string(),
  tier: z.string(),
  /** Null: this provider runs its own engine. */
  upstream: upstreamStatusSchema.nullable(),
  offer: z.object({ sequence: z.string(), atMs: z.number(), expiresAtMs: z.number() }).nullable(),
  slotsTotal: count,
  /** Tokens of one request at most, and what the model was made for. */
  contextTokens: count,
  modelContextTokens: count,
  slotsFree: count,
  queued: count,
  sessions: count,
  answersRunning: count,
  answers: count,
  tokens: count,
  /** Over the last seconds, all slots together. */
  tokensPerS: z.number(),
  earnedNano: nano,
  claimedNano: nano,
  channels: channelCountsSchema,
  bids: z.object({
    made: count,
    won: count,
    lost: count,
    passed: count,
    last: z.array(lostBidSchema),
  }),
})

const clientStatusSchema = z.object({
  apiUrl: z.string(),
  offers: count,
  answersRunning: count,
  /** They found every provider full, and stand in line for room. */
  requestsWaiting: count,
  /** Their answers are paid no further until somebody reads on. */
  requestsUnread: count,
  spentNano: nano,
  channels: channelCountsSchema,
})

export const peerStatusSchema = z.object({
  name: z.string(),
  role: z.enum(['provider', 'client']),
  state: z.enum(['running', 'draining']),
  version: z.string(),
  pid: count,
  startedAtMs: z.number(),
  uptimeMs: z.number(),
  network: z.string(),
  peerId: z.string(),
  addresses: z.array(z.string()),
  /** Connected peers. */
  peers: count,
  /** Connections that others opened to this peer: proof that it can be reached. */
  inbound: count,
  reachability: z.enum(['reached', 'listening', 'dials-only']),
  wallet: z.string(),
  money: moneySchema,
  dataDir: z.string(),
  provider: providerStatusSchema.nullable(),
  client: clientStatusSchema.nullable(),
})

export type PeerStatus = z.output<typeof peerStatusSchema>
export type ProviderStatus = z.output<typeof providerStatusSchema>
export type ClientStatus = z.output<typeof clientStatusSchema>
export type ChannelCounts = z.output<typeof channelCountsSchema>
export type LostBid = z.output<typeof lostBidSchema>
