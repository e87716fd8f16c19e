/**
 * A folder in memory for one launch: the copy of the model, an empty working folder, and a note of what runs. Its
 * name says which process made it, so that the next start removes what a killed node left.
 */
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  statfs,
  writeFile,
} from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { folderRefused, launchUnsupported } from './errors.ts'
import { killTree } from './kill-tree.ts'
import { processFacts } from './process-tree.ts'

/** Where Linux has memory as a folder. */
export const LAUNCH_FOLDER_DEFAULT = '/dev/shm'

/** statfs(2), linux/magic.h: file systems that are memory and nothing else. */
const MEMORY_FILE_SYSTEMS: ReadonlySet<number> = new Set([0x0102_1994, 0x8584_58f6])

const NAME = /^cocoon-launch-(\d+)-(\d+)-\w{6}$/

const processNote = z.strictObject({ id: z.int().min(2), startTicks: z.string() })
const noteSchema = z.strictObject({ keeper: processNote, server: processNote })
export type LaunchNote = z.infer<typeof noteSchema>

export interface PrivateFolder extends AsyncDisposable {
  readonly path: string
  /** For the copy of the model. */
  readonly modelFolder: string
  /**
   * The working folder of one run, empty: an interpreter looks for code in it, and what one run left there is not
   * for the next to find. None may run any more.
   */
  emptyWork(): Promise<string>
  /** Who runs now: a later start ends them when this node was killed. */
  note(note: LaunchNote): Promise<void>
}

/**
 * Removes what dead nodes left, then makes a folder of mode 0700.
 * @param parent a file system in memory: the host reads and changes what is on disks
 * @throws ConfigError LAUNCH_FOLDER, LAUNCH_UNSUPPORTED
 */
export async function openPrivateFolder(parent: string): Promise<PrivateFolder> {
  await freeMemory(parent)
  const own = await processFacts(process.pid)
  if (own === undefined) throw launchUnsupported()
  await sweep(parent)
  const folder = await mkdtemp(path.join(parent, `cocoon-launch-${process.pid}-${own.startTicks}-`))
  const modelFolder = path.join(folder, 'model')
  const workFolder = path.join(folder, 'work')
  await mkdir(modelFolder, { mode: 0o700 })
  return {
    ...{ path: folder, modelFolder },
    async emptyWork() {
      await removeFolder(workFolder)
      await mkdir(workFolder, { mode: 0o700 })
      return workFolder
    },
    note: (note) => writeFile(noteFile(folder), JSON.stringify(note), { mode: 0o600 }),
    [Symbol.asyncDispose]: () => removeFolder(folder),
  }
}

/**
 * Bytes that fit into a file system that is memory.
 * @throws ConfigError LAUNCH_FOLDER, LAUNCH_UNSUPPORTED
 */
export async function freeMemory(parent: string): Promise<number> {
  if (process.platform !== 'linux') throw launchUnsupported()
  const { type, bavail, bsize } = await statfs(parent).catch(() => {
    throw folderRefused(`${parent} is not there`)
  })
  if (!MEMORY_FILE_SYSTEMS.has(type)) throw folderRefused(`${parent} is not memory`)
  return bavail * bsize
}

/** No more files appear in it: the server cannot write down beside the model what it was asked. */
export async function sealFolder(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await sealFolder(path.join(folder, entry.name))
  }
  await chmod(folder, 0o500)
}

/** A folder of mode 0500 keeps its files until it is writable again. */
export async function removeFolder(folder: string): Promise<void> {
  await unseal(folder).catch(() => undefined)
  await rm(folder, { recursive: true, force: true })
}

async function unseal(folder: string): Promise<void> {
  await chmod(folder, 0o700)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await unseal(path.join(folder, entry.name))
  }
}

/** Ends the servers and removes the models of nodes that are gone. */
async function sweep(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const [, id, startTicks] = NAME.exec(name) ?? []
    if (id === undefined) continue
    const folder = path.join(parent, name)
    const stat = await lstat(folder).catch(() => undefined)
    if (stat === undefined || !stat.isDirectory() || stat.uid !== process.getuid?.()) continue
    const owner = await processFacts(Number(id))
    if (owner?.startTicks === startTicks) continue
    await endNoted(folder)
    await removeFolder(folder)
  }
}

async function endNoted(folder: string): Promise<void> {
  const text = await readFile(noteFile(folder), 'utf8').catch(() => '{}')
  const noted = noteSchema.safeParse(parsed(text)).data
  if (noted === undefined) return
  // The keeper first: it would remove the folder at the same time.
  await killTree(noted.keeper)
  await killTree(noted.server)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function noteFile(folder: string): string {
  return path.join(folder, 'launch.json')
}
