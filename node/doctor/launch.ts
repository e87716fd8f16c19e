/** Looks at the configured launch description as a provider's start would, without hashing the model and starting nothing. */
import { readFile } from 'node:fs/promises'
import { launchDigest, launchedRuntimeDigest } from '#inference/upstream/launch/digest.ts'
import { readDescription } from '#node/launch/description-file.ts'
import { expectFiles, modelBytes } from '#node/launch/measured-files.ts'
import { freeMemory } from '#node/launch/private-folder.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { SURVEY_TIME_LIMIT_MS } from './constants.ts'

export interface LaunchView {
  /** What a policy lists, hexadecimal. */
  readonly runtime: string
  /** Where the copy of the model will lie. */
  readonly folder: string
  readonly bytesFree: number
  /** Of the model; undefined: it is not known where it lies on this machine. */
  readonly bytesNeeded: number | undefined
  /** Where Linux writes what it needs no memory for, the copy of the model included. */
  readonly swaps: readonly string[]
}

export interface LaunchLook {
  /** The launch description. */
  readonly file: string
  readonly folder: string
  /** Where the model of a root lies; undefined: not on this machine. */
  readonly modelFolder: (rootHex: string) => string | undefined
}

/** @throws ConfigError LAUNCH_INVALID, LAUNCH_REFUSED, LAUNCH_FILE_CHANGED, LAUNCH_FOLDER, LAUNCH_UNSUPPORTED */
export async function lookAtLaunch({ file, folder, modelFolder }: LaunchLook): Promise<LaunchView> {
  const bytesFree = await freeMemory(folder)
  const description = await readDescription(file)
  await expectFiles(description, AbortSignal.timeout(SURVEY_TIME_LIMIT_MS))
  const { files, root } = description.model
  const from = modelFolder(root)
  return {
    runtime: toHex(launchedRuntimeDigest(crypto, launchDigest(crypto, description))),
    ...{ folder, bytesFree, swaps: await swaps() },
    bytesNeeded: from === undefined ? undefined : await modelBytes(from, files),
  }
}

/** Compressed memory (zram) is swap that no disk sees. */
async function swaps(): Promise<string[]> {
  const [, ...lines] = (await readFile('/proc/swaps', 'utf8').catch(() => '')).trim().split('\n')
  const names = lines.flatMap((line) => line.split(/\s/)[0] || [])
  return names.filter((name) => !name.startsWith('/dev/zram'))
}
