/** `cocoon models pull OWNER/NAME`: from a Hugging-Face-compatible host into the store. */
import path from 'node:path'
import { byPath, type ManifestEntry, manifestRoot } from '#inference/model/manifest.ts'
import { tagged, toHex, utf8 } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { forEachInParallel } from './bounded-parallel.ts'
import { type Choice, type ChosenFiles, chooseFiles } from './choose-files.ts'
import { HUB_PARALLEL } from './constants.ts'
import { type FreeBytes, requireRoom } from './disk.ts'
import { entryOf } from './file-hash.ts'
import { bytesHere, downloadFile } from './hub-download.ts'
import type { HubAccess } from './hub-http.ts'
import { type Repository, type RepositoryName, readRepository } from './hub-repository.ts'
import { checkManifest } from './model-paths.ts'
import { PullProgress, type TellPull } from './pull-events.ts'
import { type Wait, withRetries } from './retry.ts'
import type { ModelStore, StoredModel } from './store.ts'

export interface HubPull extends Choice {
  readonly access: HubAccess
  readonly repository: RepositoryName
  /** What the store calls it; undefined: made from the repository's name. */
  readonly name?: string | undefined
  readonly store: ModelStore
  readonly clock: Clock
  readonly freeBytes: FreeBytes
  readonly wait: Wait
  readonly tell: TellPull
  readonly signal: AbortSignal
}

/**
 * @throws ConfigError MODEL_NOT_FOUND, MODEL_ACCESS_REFUSED, MODEL_GRAPH_MISSING, MODEL_FILE_MISSING,
 *   MODEL_FILE_TOO_LARGE, MODEL_UNVERIFIABLE, MODEL_NAME_TAKEN
 * @throws UnavailableError MODEL_HUB_UNAVAILABLE, MODEL_DISK_FULL, MODEL_PULL_RUNNING
 * @throws ProtocolError MODEL_HASH_MISMATCH
 */
export async function pullFromHub(pull: HubPull): Promise<StoredModel> {
  const { access, store, wait, tell, signal } = pull
  const retry = { wait, tell, signal }
  const repository = await withRetries(retry, pull.repository.name, () =>
    readRepository(access, pull.repository, signal),
  )
  const chosen = chooseFiles(repository.files, pull)
  const here = storedFrom(pull, repository, chosen)
  if (here !== undefined) {
    const other =
      pull.name === undefined || pull.name === here.name
        ? ''
        : `; \`cocoon models pin ${pull.name} ${here.rootHex}\` calls it otherwise`
    tell({ kind: 'notice', message: `it is here already, as ${here.name}${other}` })
    return here
  }
  const name = pull.name ?? nameOf(repository.name, chosen.graphPath)
  const { folder, lock } = store.openPartial(partialKey(access, repository, chosen))
  try {
    const files = await fetchAll(pull, repository, chosen, folder)
    checkManifest(files)
    const root = manifestRoot(files, crypto)
    store.requireFreeName(name, toHex(root))
    return await store.adopt(folder, {
      ...{ name, root, files },
      origin: {
        kind: 'hub',
        endpoint: access.endpoint,
        repository: repository.name,
        revision: repository.revision,
        commit: repository.commit,
        licence: repository.licence ?? null,
      },
      addedAtMs: pull.clock.nowMs(),
    })
  } finally {
    lock.release()
  }
}

/** A model in the store that is these files of this commit; `models verify` says whether they still are. */
function storedFrom(
  { access, store }: HubPull,
  { name, commit }: Repository,
  { model }: ChosenFiles,
): StoredModel | undefined {
  const wanted = model.map((file) => `${file.sizeBytes} ${file.path}`).sort()
  return store.list().models.find(({ origin, files }) => {
    const isSame = files.map((file) => `${file.sizeBytes} ${file.path}`).sort()
    return (
      origin.kind === 'hub' &&
      origin.endpoint === access.endpoint &&
      origin.repository === name &&
      origin.commit === commit &&
      isSame.join('\n') === wanted.join('\n')
    )
  })
}

async function fetchAll(
  pull: HubPull,
  repository: Repository,
  { model, papers }: ChosenFiles,
  folder: string,
): Promise<ManifestEntry[]> {
  const { access, tell, wait, signal } = pull
  const all = [...model, ...papers]
  const bytesTotal = all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const here = await Promise.all(all.map((file) => bytesHere(folder, file)))
  const bytesOld = here.reduce((sum, bytes) => sum + bytes, 0)
  await requireRoom(folder, bytesTotal - bytesOld, pull.freeBytes)
  tell({ kind: 'plan', files: all.length, bytesTotal, bytesHere: bytesOld })
  const progress = new PullProgress(tell, bytesTotal, bytesOld)
  const entries: ManifestEntry[] = []
  await forEachInParallel(all, HUB_PARALLEL, signal, async (file, limit) => {
    const retry = { wait, tell, signal: limit }
    const hash = await downloadFile({ access, repository, folder, retry, progress }, file)
    tell({ kind: 'file', path: file.path, sha256: toHex(hash.sha256) })
    if (model.includes(file)) entries.push(entryOf(file.path, hash))
  })
  return entries.sort(byPath)
}

/** The same commit and the same files are the same pull. */
function partialKey(access: HubAccess, { name, commit }: Repository, files: ChosenFiles): string {
  const words = [access.endpoint, name, commit, ...files.model.map((file) => file.path)]
  return toHex(crypto.sha256(tagged('cocoon/model-partial/1', ...words.map(utf8)))).slice(0, 32)
}

/** "HuggingFaceTB/SmolLM2-135M-Instruct" with onnx/model_q4.onnx: "smollm2-135m-instruct-q4". */
function nameOf(repository: string, graphPath: string): string {
  const [, form] = /^model_?(.*)$/.exec(path.basename(graphPath, '.onnx')) ?? []
  const words = `${path.basename(repository)}${form ? `-${form}` : ''}`.toLowerCase()
  return words
    .replace(/[^a-z0-9._-]+/g, '-')
    .slice(0, 96)
    .replace(/[^a-z0-9]+$/, '')
}
