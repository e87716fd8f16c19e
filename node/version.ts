/** What this program is made of; `cocoon version --json` prints it. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'

const packageSchema = z.object({ version: z.string() })

const versionOf = (file: string): string =>
  packageSchema.parse(JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'))).version

export interface VersionDocument {
  readonly cocoon: string
  readonly node: string
  readonly onnxruntime: string
  readonly libp2p: string
  readonly protocol: number
  readonly platform: string
}

/** The highest version of /cocoon/session that this program speaks. */
const SESSION_PROTOCOL_VERSION = 1

export const cocoonVersion = (): string => versionOf('../package.json')

export function versionDocument(): VersionDocument {
  return {
    cocoon: cocoonVersion(),
    node: process.versions.node,
    onnxruntime: versionOf('../node_modules/onnxruntime-node/package.json'),
    libp2p: versionOf('../node_modules/libp2p/package.json'),
    protocol: SESSION_PROTOCOL_VERSION,
    platform: `${process.platform}-${process.arch}`,
  }
}
