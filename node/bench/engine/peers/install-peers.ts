/**
 * Installs the peers into a folder of the benchmark's own, with npm and without their install scripts.
 * They are no dependencies of this project: with all their optional packages they take over a gigabyte.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { UnavailableError } from '#protocol/errors.ts'

const PLATFORM = `${process.platform}-${process.arch}`
/** Exact, so that figures of two machines can be compared. Optional packages are named, not all taken. */
const PACKAGES: Readonly<Record<string, string>> = {
  'node-llama-cpp': '3.22.1',
  [`@node-llama-cpp/${PLATFORM}`]: '3.22.1',
  '@huggingface/transformers': '4.3.1',
  [`@img/sharp-${PLATFORM}`]: '0.35.4',
  [`@img/sharp-libvips-${PLATFORM}`]: '1.3.3',
}
const ENTRIES = {
  llama: 'node-llama-cpp/dist/index.js',
  transformers: '@huggingface/transformers/dist/transformers.node.mjs',
} as const
const INSTALL_TIME_LIMIT_MS = 600_000

export interface InstalledPeers {
  /** Module files to import. */
  readonly llama: string
  readonly transformers: string
  readonly versions: Readonly<Record<string, string>>
}

/** @throws UnavailableError BENCH_PEERS_UNAVAILABLE when npm cannot install them */
export async function installPeers(folder: string): Promise<InstalledPeers> {
  const manifest = `${JSON.stringify({ private: true, dependencies: PACKAGES }, null, 2)}\n`
  const file = path.join(folder, 'package.json')
  const entry = (name: keyof typeof ENTRIES) => path.join(folder, 'node_modules', ENTRIES[name])
  const isInstalled = async () =>
    existsSync(entry('llama')) &&
    existsSync(entry('transformers')) &&
    (await readFile(file, 'utf8').catch(() => '')) === manifest
  if (!(await isInstalled())) {
    await mkdir(folder, { recursive: true })
    await npmInstall(folder, manifest)
    // Written as it stands only when all is there: npm may have reformatted it.
    await writeFile(file, manifest)
  }
  const { 'node-llama-cpp': llama = '', '@huggingface/transformers': transformers = '' } = PACKAGES
  return {
    llama: entry('llama'),
    transformers: entry('transformers'),
    versions: { 'node-llama-cpp': llama, 'transformers.js': transformers },
  }
}

async function npmInstall(folder: string, manifest: string): Promise<void> {
  await writeFile(path.join(folder, 'package.json'), manifest)
  const flags = ['--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund', '--no-save']
  try {
    await promisify(execFile)('npm', ['install', ...flags], {
      cwd: folder,
      timeout: INSTALL_TIME_LIMIT_MS,
      maxBuffer: 16 * 1024 ** 2,
      env: { ...process.env, NODE_LLAMA_CPP_SKIP_DOWNLOAD: 'true' },
    })
  } catch (cause) {
    throw new UnavailableError('BENCH_PEERS_UNAVAILABLE', 'npm could not install the peers', {
      remedy: 'Go online, or measure without them: --without-peers.',
      cause,
    })
  }
}
