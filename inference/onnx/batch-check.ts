/** A trial of what verified serving rests on: a row has the same bits alone and beside others. */
import { ConfigError } from '#protocol/errors.ts'
import type { TokenModel } from '../decoding/token-model.ts'

const IDS = [1, 0] as const

/**
 * Kernels are chosen by shape and machine, so that only a run can tell. Every slot takes two steps by itself,
 * which for the first one is a batch of one row, and then all take them together. The model must be idle; of
 * a model with one slot there is nothing to find out.
 * @throws ConfigError MODEL_NOT_BATCH_INVARIANT
 */
export async function checkBatchInvariance(
  model: TokenModel<unknown>,
  slotsTotal: number,
): Promise<void> {
  if (slotsTotal < 2) return
  const alone: Float32Array[] = []
  await withCaches(model, slotsTotal, async (caches) => {
    for (const cache of caches) alone.push(...(await step(model, [cache])))
  })
  const together = await withCaches(model, slotsTotal, (caches) => step(model, caches))
  const [first] = alone
  if (
    first !== undefined &&
    [...alone, ...together].every((logits) => haveEqualBits(logits, first))
  )
    return
  throw new ConfigError(
    'MODEL_NOT_BATCH_INVARIANT',
    "the graph's answers would depend on what runs beside them: a trial run shows it",
    {
      remedy:
        'Use an fp32, fp16, q4 or q8 (MatMulNBits, accuracy level 4) export of the model, or one slot.',
    },
  )
}

async function withCaches<T>(
  model: TokenModel<unknown>,
  count: number,
  use: (caches: readonly unknown[]) => Promise<T>,
): Promise<T> {
  const caches = Array.from({ length: count }, () => model.openCache().cache)
  try {
    return await use(caches)
  } finally {
    for (const cache of caches) model.closeCache(cache)
  }
}

/** Logits of each row after the last id. */
async function step(
  model: TokenModel<unknown>,
  caches: readonly unknown[],
): Promise<readonly Float32Array[]> {
  let logits: readonly Float32Array[] = []
  for (const id of IDS) {
    logits = await model.decode(caches.map((cache) => ({ cache, id })))
  }
  return logits.map((row) => Float32Array.from(row))
}

function haveEqualBits(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, at) => Object.is(value, b[at]))
}
