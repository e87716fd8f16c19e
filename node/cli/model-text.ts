/** How models are shown. */
import { kindOfPaths } from '#node/models/model-paths.ts'
import type { ModelOrigin } from '#node/models/record.ts'
import type { StoredModel } from '#node/models/store.ts'
import type { ModelKind } from '#node/roles/client-service.ts'
import { toHex } from '#protocol/bytes.ts'

const UNITS = ['B', 'KiB', 'MiB', 'GiB'] as const

/** "1.4 GiB". */
export function bytesText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** power
  return `${power === 0 ? value : value.toFixed(1)} ${UNITS[power]}`
}

export function originText(origin: ModelOrigin): string {
  if (origin.kind === 'hub') {
    return `${origin.repository}@${origin.commit.slice(0, 12)} of ${new URL(origin.endpoint).host}`
  }
  const by = {
    root: 'its root',
    pin: 'a pin',
    publisher: `publisher ${origin.publisher ?? '?'}`,
    registry: `registry ${origin.registry ?? '?'}`,
    network: 'the network file',
  }
  return `peers, named by ${by[origin.namedBy]}`
}

/** Nobody checked it. */
export function licenceText({ kind, licence }: ModelOrigin): string {
  if (licence === null) return 'not stated'
  return kind === 'hub' ? `${licence} (says its card)` : `${licence} (says its publisher)`
}

export function kindOf({ files }: StoredModel): ModelKind {
  return kindOfPaths(files.map((file) => file.path))
}

/** The JSON form (docs/spec/cli.md). */
export function modelDocument(model: StoredModel) {
  const { name, rootHex, sizeBytes, folder, origin, addedAtMs, files } = model
  return {
    ...{ name, root: rootHex, modelKind: kindOf(model), sizeBytes, folder, origin, addedAtMs },
    files: files.map((file) => ({
      path: file.path,
      sizeBytes: file.sizeBytes,
      sha256: toHex(file.sha256),
      pieces: toHex(file.pieces),
    })),
  }
}
