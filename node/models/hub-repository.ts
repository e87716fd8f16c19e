/** What a hub says of a repository: its commit and its files, each with what identifies its bytes. */
import { z } from 'zod'
import { concat, fromHex, fromUtf8 } from '#protocol/bytes.ts'
import { ConfigError } from '#protocol/errors.ts'
import { HUB_ANSWER_BYTES_MAX, HUB_FILES_MAX } from './constants.ts'
import { askHub, type HubAccess, HubTrouble } from './hub-http.ts'

export interface RepositoryFile {
  readonly path: string
  readonly sizeBytes: number
  /** SHA-256 of a file in LFS, 32 bytes. */
  readonly sha256: Uint8Array | undefined
  /** SHA-1 of git's blob, hexadecimal, of a file outside of LFS. */
  readonly gitBlobId: string | undefined
}

export interface Repository {
  readonly name: string
  readonly revision: string
  /** 40 hexadecimal digits: what the revision means now. */
  readonly commit: string
  readonly licence: string | undefined
  readonly files: readonly RepositoryFile[]
}

export interface RepositoryName {
  readonly name: string
  readonly revision: string
}

const PART = '[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?'
const REPOSITORY = new RegExp(`^(${PART}/${PART})(?:@([A-Za-z0-9._/-]{1,200}))?$`)

/** @throws ConfigError MODEL_NAME_INVALID */
export function parseRepositoryName(text: string): RepositoryName {
  const [, name, revision = 'main'] = REPOSITORY.exec(text) ?? []
  if (name !== undefined && !revision.split('/').includes('..')) return { name, revision }
  throw new ConfigError('MODEL_NAME_INVALID', 'this names no repository', {
    remedy: 'Write OWNER/NAME or OWNER/NAME@REVISION.',
  })
}

const size = z.int().min(0)
const answerSchema = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  cardData: z.object({ license: z.union([z.string(), z.unknown()]).optional() }).nullish(),
  siblings: z
    .array(
      z.object({
        rfilename: z.string().min(1).max(4_096),
        size: size.nullish(),
        blobId: z
          .string()
          .regex(/^[0-9a-f]{40}$/)
          .nullish(),
        lfs: z
          .object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: size.nullish() })
          .nullish(),
      }),
    )
    .max(HUB_FILES_MAX),
})

/**
 * `GET /api/models/NAME/revision/REVISION?blobs=true`.
 * @throws HubTrouble, ConfigError MODEL_NOT_FOUND, MODEL_ACCESS_REFUSED
 */
export async function readRepository(
  access: HubAccess,
  { name, revision }: RepositoryName,
  signal: AbortSignal,
): Promise<Repository> {
  const path = `/api/models/${name}/revision/${encodeURIComponent(revision)}?blobs=true`
  const answer = await askHub(access, path, { signal })
  const parsed = answerSchema.safeParse(parseJson(await bounded(answer.body)))
  if (!parsed.success) throw new HubTrouble('the hub describes the repository in another form')
  const { sha, cardData, siblings } = parsed.data
  const licence = cardData?.license
  return {
    ...{ name, revision, commit: sha },
    licence: typeof licence === 'string' ? licence.slice(0, 256) : undefined,
    files: siblings.map(({ rfilename, size: sizeBytes, blobId, lfs }) => ({
      path: rfilename,
      sizeBytes: lfs?.size ?? sizeBytes ?? 0,
      sha256: lfs ? fromHex(lfs.sha256) : undefined,
      gitBlobId: lfs ? undefined : (blobId ?? undefined),
    })),
  }
}

/** Path of one file's bytes at one commit. */
export function resolvePath({ name, commit }: Repository, file: string): string {
  const escaped = file.split('/').map(encodeURIComponent).join('/')
  return `/${name}/resolve/${commit}/${escaped}`
}

async function bounded(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of body) {
    length += part.length
    if (length > HUB_ANSWER_BYTES_MAX) throw new HubTrouble('the hub answers without an end')
    parts.push(part)
  }
  return concat(...parts)
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes))
  } catch {
    throw new HubTrouble('the hub did not answer with JSON')
  }
}
