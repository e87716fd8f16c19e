/** Every metric of our own: name, type, help, labels. Labels come from fixed sets, never from a peer. */

export interface MetricLine {
  readonly name: string
  readonly type: 'gauge' | 'counter' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
}

const line = (
  name: string,
  type: MetricLine['type'],
  help: string,
  labels: readonly string[] = [],
): MetricLine => ({ name: `cocoon_${name}`, type, help, labels })

export const METRICS = {
  info: line('info', 'gauge', 'Always 1; says what runs', ['version', 'role']),
  uptime: line('uptime_seconds', 'gauge', 'Seconds since the start'),
  peers: line('peers', 'gauge', 'Connected peers'),
  inbound: line('peers_inbound', 'gauge', 'Connections that others opened'),
  channels: line('channels', 'gauge', 'Payment channels by status', ['status']),
  events: line('events_total', 'counter', 'What this peer told its owner, by kind', ['kind']),
  warnings: line('warnings_total', 'counter', 'Warnings by code of docs/ERRORS.md', ['code']),
  verdicts: line('verdicts_total', 'counter', 'Verdicts on evidence', ['tier', 'ok']),
  offers: line('offers', 'gauge', 'Offers in the book of a client'),
  spent: line('spent_nano', 'gauge', 'nanoTON used on all channels of a client'),
  requests: line('requests_total', 'counter', 'Requests of a client by end', ['outcome']),
  running: line('requests_running', 'gauge', 'Requests of a client that run now'),
  waiting: line('requests_waiting', 'gauge', 'Requests of a client in line for room'),
  unread: line('requests_unread', 'gauge', 'Answers paid no further, since nobody reads on'),
  tokens: line('tokens_total', 'counter', 'Tokens of finished requests by kind', ['kind']),
  firstToken: line('first_token_seconds', 'histogram', 'From the question to the first token'),
  answer: line('answer_seconds', 'histogram', 'From the question to the end of the answer'),
  slots: line('provider_slots', 'gauge', 'Answers at once of a provider', ['state']),
  queued: line('provider_queued', 'gauge', 'Requests that wait for a slot'),
  sessions: line('provider_sessions', 'gauge', 'Open sessions of a provider'),
  serving: line('provider_requests_running', 'gauge', 'Requests that a provider serves now'),
  answers: line('provider_answers', 'gauge', 'Answers of a provider since its start'),
  made: line('provider_tokens', 'gauge', 'Tokens of a provider since its start'),
  rate: line('provider_tokens_per_second', 'gauge', 'Mean of the last seconds, all slots'),
  earned: line('provider_earned_nano', 'gauge', 'nanoTON earned on all channels'),
  claimed: line('provider_claimed_nano', 'gauge', 'nanoTON claimed on the chain'),
} as const satisfies Readonly<Record<string, MetricLine>>
