/** Why nobody answered, in words that name no prompt. */
import { UnavailableError } from '#protocol/errors.ts'
import type { AttemptsProgress } from './attempts-progress.ts'
import type { Chooser } from './choosing.ts'

/** Nothing is wrong with any provider; none had room in time. */
function allBusy(
  progress: Pick<AttemptsProgress, 'model'>,
  providers: readonly string[],
): UnavailableError {
  return new UnavailableError(
    'PROVIDERS_BUSY',
    `every provider of ${progress.model.id} is busy: no room for another request`,
    { remedy: 'Try again in some seconds.', data: { providers: providers.length } },
  )
}

/** Why each provider was refused, in words that name no prompt. */
export function noProvider(
  progress: Pick<AttemptsProgress, 'failures' | 'model'>,
  chooser: Chooser,
): UnavailableError {
  const refused = chooser.ranked
    .filter((one) => !one.accepted)
    .map((one) => [one.offer.provider, one.reasons.join('; ')] as const)
  const failed = progress.failures.map(
    ({ provider, error }) => [provider, `${error.code}: ${error.message}`] as const,
  )
  if (failed.length === 0 && chooser.hasBusy) return allBusy(progress, chooser.busyProviders)
  const full = chooser.busyProviders.map(
    (provider) => [provider, 'no room for another request'] as const,
  )
  const why = [...refused, ...failed, ...full].map(([who, text]) => [
    `provider ${who.slice(0, 12)}`,
    text,
  ])
  const summary =
    why.length === 0 ? 'nobody offers it' : why.map((one) => one.join(': ')).join(' | ')
  return new UnavailableError(
    'NO_PROVIDER',
    `no provider answered for ${progress.model.id}: ${summary}`,
    {
      remedy: 'Try again, raise the price cap, or look at `cocoon offers`.',
      data: Object.fromEntries(why),
    },
  )
}
