/** `cocoon keys create|list|show|revoke`: API keys for apps, also while the client runs. */
import { mkdirSync } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { systemClock } from '#node/clock.ts'
import { KEY_RATE_MAX } from '#node/keys/constants.ts'
import { KeyStore, type ListedKey } from '#node/keys/key-store.ts'
import { keyPrefix } from '#node/keys/key-text.ts'
import { openLedgerDatabase } from '#node/spending/database.ts'
import { pairs, table } from '#node/text.ts'
import { UnavailableError } from '#protocol/errors.ts'
import type { AssuranceTier } from '#protocol/market/tier.ts'
import type { CliContext } from '../context.ts'
import { parseCoins, parseCountIn } from '../numbers.ts'
import { withSettings } from '../settings-options.ts'
import { clientDir } from '../target.ts'

interface KeysOptions {
  readonly network?: string
  readonly data?: string
  readonly json?: boolean
}

interface CreateOptions extends KeysOptions {
  readonly name: string
  readonly owner?: boolean
  readonly budget?: bigint
  readonly rate?: number
  readonly models?: readonly string[]
  readonly tierMin?: AssuranceTier
  readonly expires?: number
}

export function keysCommand(program: Command, context: CliContext): void {
  const keys = program.command('keys').description('API keys of the client, each with its limits')
  withFolder(keys.command('create'))
    .description('make a key; it is shown once')
    .option('--name <name>', 'what listings call it', 'app')
    .option('--budget <coins>', 'for the whole life of the key', parseCoins)
    .option('--rate <n>', 'requests a minute', parseCountIn(1, KEY_RATE_MAX))
    .option('--models <ids>', 'only these models, separated by commas', parseModels)
    .addOption(
      new Option('--tier-min <tier>', 'what providers must prove at least').choices([
        'confidential',
        'simulated',
        'open',
      ]),
    )
    .option('--expires <when>', 'a time such as 2027-01-31, or a span such as 30d, 12h', parseTime)
    .option('--owner', 'may use the local API too, not only /v1')
    .action((options: CreateOptions) => create(options, context))
  withFolder(keys.command('list', { isDefault: true }))
    .description('all keys with what they used')
    .action((options: KeysOptions) => list(options, context))
  withFolder(keys.command('show'))
    .description('one key')
    .argument('<id>', 'id of the key')
    .action((id: string, options: KeysOptions) => show(id, options, context))
  withFolder(keys.command('revoke'))
    .description('refuse a key from now on')
    .argument('<id>', 'id of the key')
    .action((id: string, options: KeysOptions) => revoke(id, options, context))
}

function withFolder(command: Command): Command {
  command
    .option('--json', 'one JSON document to stdout')
    .option(
      '--data <dir>',
      'data folder of the client (default: `client` in COCOON_DATA, else that of the running testnet)',
    )
  return withSettings(command, ['network'], ['dataRoot', 'coinSymbol'])
}

async function create(options: CreateOptions, context: CliContext): Promise<void> {
  const { budget, rate, models, tierMin, expires } = options
  const { key, text } = withKeys(options, context, (keys) =>
    keys.create(
      {
        name: options.name,
        scope: options.owner ? 'owner' : 'app',
        limits: {
          ...(budget === undefined ? {} : { budgetNano: budget }),
          ...(rate === undefined ? {} : { ratePerMinute: rate }),
          ...(models === undefined ? {} : { models }),
          ...(tierMin === undefined ? {} : { tierMin }),
          ...(expires === undefined ? {} : { expiresAtMs: expires }),
        },
      },
      systemClock.nowMs(),
    ),
  )
  if (options.json) return context.output.json({ ...key, key: text })
  context.output.result(text)
  const place = clientDir(options, context.settings)
  context.output.talk(
    `Keep it: it is not shown again. From now on every call to the client of ${place} needs a key.`,
  )
}

async function list(options: KeysOptions, context: CliContext): Promise<void> {
  const { output, coins } = context
  const keys = withKeys(options, context, (store) => store.list())
  if (options.json) return output.json(keys.map(document))
  const nowMs = systemClock.nowMs()
  output.result(
    table(keys, [
      { title: 'KEY', cell: ({ id }) => keyPrefix(id) },
      { title: 'NAME', cell: ({ name }) => name },
      { title: 'STATE', cell: (key) => stateOf(key, nowMs) },
      { title: 'REQUESTS', cell: ({ usage }) => String(usage.requests), align: 'right' },
      { title: 'TOKENS', cell: ({ usage }) => tokensOf(usage), align: 'right' },
      { title: 'SPENT', cell: ({ usage }) => coins(usage.spentNano), align: 'right' },
      { title: 'BUDGET', cell: ({ limits }) => maybe(limits.budgetNano, coins), align: 'right' },
    ]),
  )
}

async function show(id: string, options: KeysOptions, context: CliContext): Promise<void> {
  const { output, coins } = context
  const key = withKeys(options, context, (store) => store.show(idOf(id)))
  if (options.json) return output.json(document(key))
  const { limits, usage } = key
  output.result(
    pairs([
      ['key', keyPrefix(key.id)],
      ['name', key.name],
      ['state', stateOf(key, systemClock.nowMs())],
      ['scope', key.scope],
      ['made', new Date(key.createdAtMs).toISOString()],
      ['expires', maybe(limits.expiresAtMs, (ms) => new Date(ms).toISOString())],
      ['budget', maybe(limits.budgetNano, coins)],
      ['rate', maybe(limits.ratePerMinute, (rate) => `${rate} a minute`)],
      ['models', maybe(limits.models, (models) => models.join(', '))],
      ['minimum tier', maybe(limits.tierMin, (tier) => tier)],
      ['requests', String(usage.requests)],
      ['tokens', tokensOf(usage)],
      ['spent', coins(usage.spentNano)],
      ['reserved now', coins(usage.heldNano)],
    ]),
  )
}

async function revoke(id: string, options: KeysOptions, context: CliContext): Promise<void> {
  const key = withKeys(options, context, (keys) => keys.revoke(idOf(id), systemClock.nowMs()))
  if (options.json) return context.output.json(key)
  context.output.talk(`${keyPrefix(key.id)} is refused from now on`)
}

/** @throws UnavailableError NO_TESTNET when it is not known whose keys are meant */
function withKeys<T>(
  options: KeysOptions,
  { settings }: CliContext,
  work: (keys: KeyStore) => T,
): T {
  const dir = clientDir(options, settings)
  if (dir === undefined) {
    throw new UnavailableError('NO_TESTNET', 'no network is known whose client has keys', {
      remedy: 'Pass --network FILE, or `cocoon config set network FILE`.',
    })
  }
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const database = openLedgerDatabase(dir)
  try {
    return work(new KeyStore(database))
  } finally {
    database.close()
  }
}

/** Listings show the prefix: both are taken. */
const idOf = (text: string): string => text.replace(/^cocoon_/, '')

const document = (key: ListedKey) => ({ prefix: keyPrefix(key.id), ...key })

const tokensOf = (usage: ListedKey['usage']): string =>
  `${usage.promptTokens}+${usage.completionTokens}`

const maybe = <T>(value: T | undefined, show: (value: T) => string): string =>
  value === undefined ? '-' : show(value)

function stateOf({ revokedAtMs, limits }: ListedKey, nowMs: number): string {
  if (revokedAtMs !== undefined) return 'revoked'
  return limits.expiresAtMs !== undefined && nowMs >= limits.expiresAtMs ? 'expired' : 'active'
}

const parseModels = (text: string): readonly string[] => text.split(',').map((id) => id.trim())

const SPAN_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000 }

/** Unix milliseconds. */
function parseTime(text: string): number {
  const [, count, unit = ''] = /^(\d{1,5})([dhm])$/.exec(text) ?? []
  const ms =
    count === undefined ? Date.parse(text) : systemClock.nowMs() + Number(count) * SPAN_MS[unit]!
  if (Number.isFinite(ms) && ms > systemClock.nowMs()) return ms
  throw new InvalidArgumentError('It must be a time to come, such as 2027-01-31 or 30d.')
}
