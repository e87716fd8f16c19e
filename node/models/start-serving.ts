/** A provider's side of /cocoon/model/1: small files for everybody, weights where the owner opted in. */
import path from 'node:path'
import type { Logger } from 'pino'
import { equal, utf8 } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { modelFilesKey, modelNameKey } from '#protocol/model/dht-keys.ts'
import type { Transport } from '#protocol/transport.ts'
import { sleep } from '../async.ts'
import { keepProviding } from '../market/provide.ts'
import { SHARE_BYTES_PER_DAY_DEFAULT, SHARE_BYTES_PER_S_DEFAULT } from './constants.ts'
import { readPublication } from './publication-document.ts'
import { serveModels } from './serve.ts'
import { sharedModel, type WholeModel } from './shared-model.ts'
import { UploadBudget } from './upload-budget.ts'

/** What an owner who hands out weights decided. */
export interface ShareOptions {
  /** Of the model; its owner states that it permits redistribution. */
  readonly licence: string
  readonly bytesPerS: number
  readonly bytesPerDay: number
  /** Publishers' words, as JSON, on any model; those on others than this one are left out. */
  readonly publications: readonly string[]
}

export interface ServingParts {
  readonly transport: Transport
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly log: Logger
  /** Keeps the day's sum of what was sent. */
  readonly dataDir: string
}

/**
 * Resolves when it answers; `signal` ends it.
 * @throws ProtocolError MODEL_PUBLICATION_INVALID
 */
export async function startServing(
  { transport, crypto, clock, log, dataDir }: ServingParts,
  served: { readonly model: WholeModel; readonly folder: string },
  share: ShareOptions | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { model, folder } = served
  const { bytesPerS = SHARE_BYTES_PER_S_DEFAULT, bytesPerDay = SHARE_BYTES_PER_DAY_DEFAULT } =
    share ?? {}
  const publications = (share?.publications ?? [])
    .map((text) => readPublication(utf8(text), crypto))
    .filter(({ root }) => equal(root, model.root))
  const file = path.join(dataDir, 'uploads.json')
  await serveModels({
    ...{ transport, publications, signal, log },
    models: [sharedModel(model, folder, share !== undefined, crypto)],
    budget: new UploadBudget({ bytesPerS, bytesPerDay }, file, clock, sleep),
  })
  if (share === undefined) return
  log.info({ licence: share.licence, bytesPerS, bytesPerDay }, 'hands out the model')
  const keys = [
    modelFilesKey(crypto, model.root),
    ...publications.map(({ publisher, name }) => modelNameKey(crypto, publisher, name)),
  ]
  for (const key of keys) void keepProviding(transport, key, signal, log)
}
