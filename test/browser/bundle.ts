/** Bundles for a page, made as the published page's is: whatever needs Node does not bundle. */
import { join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'
import { repositoryRoot } from '#test/support/source-files.ts'

export interface Bundle {
  readonly text: string
  /** Source files in it, relative to the repository. */
  readonly inputs: readonly string[]
}

/** @throws esbuild's BuildFailure, which names each import that a browser does not have */
async function bundle(options: BuildOptions): Promise<Bundle> {
  const built = await build({
    absWorkingDir: repositoryRoot,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'browser',
    format: 'iife',
    target: 'chrome120',
    logLevel: 'silent',
    ...options,
  })
  return {
    text: built.outputFiles?.[0]?.text ?? '',
    inputs: Object.keys(built.metafile?.inputs ?? {}),
  }
}

const inThisFolder = (file: string): string => join(repositoryRoot, 'test/browser', file)

/** The page's program, with the contract suites on the page's own few words of vitest. */
export function pageBundle(): Promise<Bundle> {
  return bundle({
    entryPoints: [inThisFolder('page.ts')],
    alias: { vitest: inThisFolder('vitest-in-page.ts') },
    inject: [inThisFolder('buffer-in-page.ts')],
  })
}

/** What a light client in a page needs, alone. */
export function libraryBundle(): Promise<Bundle> {
  const contents = [
    "export * from './attestation/verdict.ts'",
    "export * from './attestation/verdict-cache.ts'",
    "export * from './attestation/anchors/intel.ts'",
    "export * from './attestation/policy/builtin.ts'",
    "export * from './protocol/session/seal.ts'",
    "export * from './protocol/session/transcript.ts'",
    "export * from './protocol/crypto/noble.ts'",
  ].join('\n')
  return bundle({ stdin: { contents, resolveDir: repositoryRoot, loader: 'ts' }, format: 'esm' })
}
