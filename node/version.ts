/** What this program is made of; `cocoon version --json` prints it. */
import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { z } from 'zod'

const packageSchema = z.object({ version: z.string() })

const versionOf = (file: string | URL): string =>
  packageSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).version

export interface VersionDocument {
  readonly cocoon: string
  readonly node: string
  readonly onnxruntime: string
  readonly libp2p: string
  readonly protocol: number
  readonly platform: string
}

/** Where the package lies depends on who installed it; packages need not export their manifest. */
export function dependencyVersion(name: string): string {
  const manifest = findPackageJSON(name, import.meta.url)
  return manifest === undefined ? 'missing' : versionOf(manifest)
}

/** The highest version of /cocoon/session that this program speaks. */
const SESSION_PROTOCOL_VERSION = 1

export const cocoonVersion = (): string => versionOf(new URL('../package.json', import.meta.url))

export function versionDocument(): VersionDocument {
  return {
    cocoon: cocoonVersion(),
    node: process.versions.node,
    onnxruntime: dependencyVersion('onnxruntime-node'),
    libp2p: dependencyVersion('libp2p'),
    protocol: SESSION_PROTOCOL_VERSION,
    platform: `${process.platform}-${process.arch}`,
  }
}
