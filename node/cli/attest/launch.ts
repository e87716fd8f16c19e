/** `cocoon attest launch`: what a description measures to, before anything is started. */
import path from 'node:path'
import { launchDigest, launchedRuntimeDigest } from '#inference/upstream/launch/digest.ts'
import { readDescription } from '#node/launch/description-file.ts'
import { expectFile } from '#node/launch/measured-files.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { CliContext } from '../context.ts'

export interface AttestLaunchOptions {
  readonly modelFolder?: string
  readonly json?: boolean
}

/** @throws ConfigError LAUNCH_INVALID, LAUNCH_REFUSED, LAUNCH_FILE_CHANGED */
export async function attestLaunch(
  file: string,
  { modelFolder, json }: AttestLaunchOptions,
  { output }: CliContext,
): Promise<void> {
  const description = await readDescription(file)
  const launch = launchDigest(crypto, description)
  const { executable, files, model } = description
  if (modelFolder !== undefined) {
    const folder = path.resolve(modelFolder)
    const ofModel = Object.entries(model.files).map(([name, sha256]) => {
      return { path: path.join(folder, name), sha256 }
    })
    const { signal } = new AbortController()
    for (const one of [executable, ...files, ...ofModel]) await expectFile(one, signal)
  }
  const document = {
    launch: toHex(launch),
    runtime: toHex(launchedRuntimeDigest(crypto, launch)),
    modelRoot: model.root,
    compared: modelFolder !== undefined,
  }
  if (json === true) return output.json(document)
  output.result(`launch digest   ${document.launch}`)
  output.result(`runtime digest  ${document.runtime}`)
  output.result(`model root      ${document.modelRoot}`)
  if (document.compared) output.result('every file is what the description says')
}
