/** What a caller may ask, and the reservation in the key's budget that covers it. */
import type { ApiKey } from '#node/keys/key-rules.ts'
import {
  budgetSpent,
  checkModel,
  type RateBucket,
  strictestTier,
  takePermit,
} from '#node/keys/key-rules.ts'
import type { KeyStore } from '#node/keys/key-store.ts'
import type { ChatRequest, EstimateView, Spent } from '#node/roles/client-service.ts'
import type { Clock } from '#protocol/clock.ts'
import { CocoonError } from '#protocol/errors.ts'
import type { Caller } from './access.ts'

/** An attempt that another provider has to go on from is read again, and billed again. */
const FAILOVER_FACTOR = 2n

export interface AdmissionParts {
  readonly keys: KeyStore
  readonly clock: Clock
}

/** What a key's limits are about, whatever is asked. */
type Wanted = Pick<ChatRequest, 'model' | 'maxPriceNano' | 'tierMin'>

/** The most that a request could cost; throws as ClientService.estimate does. */
type Estimate<Request> = (request: Request) => Promise<Pick<EstimateView, 'dearestPriceNano'>>

export interface Admitted<Request> {
  readonly request: Request
  readonly onSpent: ((spent: Spent) => void) | undefined
}

export class Admission {
  readonly #parts: AdmissionParts
  /** By key; as many as there are keys. In memory: a restart fills the buckets. */
  readonly #buckets = new Map<string, RateBucket>()

  constructor(parts: AdmissionParts) {
    this.#parts = parts
  }

  /**
   * @throws ConfigError KEY_MODEL_REFUSED
   * @throws UnavailableError KEY_RATE_LIMITED
   * @throws SettlementError KEY_BUDGET_SPENT, and what an estimate throws
   */
  async admit<Request extends Wanted>(
    { key }: Caller,
    wanted: Request,
    estimate: Estimate<Request>,
  ): Promise<Admitted<Request>> {
    if (key === undefined) return { request: wanted, onSpent: undefined }
    const request = this.restrict(key, wanted)
    this.takeRate(key)
    const { keys } = this.#parts
    const leftNano = keys.leftNano(key)
    const reserved =
      leftNano === undefined ? 0n : await this.#reservation(request, leftNano, estimate)
    const hold = keys.hold(key, reserved)
    return {
      // The client enforces the reservation as this request's own maximum.
      request: leftNano === undefined ? request : { ...request, maxPriceNano: reserved },
      onSpent: (spent) => keys.settle(key, hold, spent),
    }
  }

  /** The request with what the key demands. @throws ConfigError KEY_MODEL_REFUSED */
  restrict<Request extends Wanted>(key: ApiKey, request: Request): Request {
    checkModel(key, request.model)
    const tierMin = strictestTier(key.limits.tierMin, request.tierMin)
    return tierMin === undefined ? request : { ...request, tierMin }
  }

  /** @throws UnavailableError KEY_RATE_LIMITED */
  takeRate({ id, limits }: ApiKey): void {
    if (limits.ratePerMinute === undefined) return
    const nowMs = this.#parts.clock.nowMs()
    this.#buckets.set(id, takePermit(this.#buckets.get(id), limits.ratePerMinute, nowMs))
  }

  async #reservation<Request extends Wanted>(
    request: Request,
    leftNano: bigint,
    estimate: Estimate<Request>,
  ): Promise<bigint> {
    const ownMax = request.maxPriceNano
    const isBudgetLess = ownMax === undefined || leftNano < ownMax
    const limitNano = isBudgetLess ? leftNano : ownMax
    const capped = { ...request, maxPriceNano: limitNano }
    const { dearestPriceNano } = await estimate(capped).catch((thrown: unknown) => {
      const isPrice = thrown instanceof CocoonError && thrown.code === 'PRICE_ABOVE_MAX'
      throw isPrice && isBudgetLess ? budgetSpent(leftNano) : thrown
    })
    const wanted = dearestPriceNano * FAILOVER_FACTOR
    return wanted < limitNano ? wanted : limitNano
  }
}
