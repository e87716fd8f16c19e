/** Runs the two sides once for each write point of one side's disk. */
import { createHash } from 'node:crypto'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { CrashingPair, type Side } from './crashing-pair.ts'
import { type DiskFault, LOSSES, type Loss, SimulatedDisk } from './disk/simulated-disk.ts'
import { mountDisk } from './disk/sqlite-vfs.ts'
import { broken } from './invariants.ts'

export interface Outcomes {
  /** Write points that were tried: all there are. */
  readonly points: number
  /** What the power cuts left. */
  readonly images: number
  /** The different ones of them: each was opened again. */
  readonly checked: number
  /** By write point and loss. */
  readonly broken: readonly string[]
  /** What the side said when its disk failed. */
  readonly codes: ReadonlySet<string>
}

type Folders = Record<Side, string>

/** Both stores, made and empty: what their first opening writes has a test of its own. */
function emptyStores(folders: Folders): Record<Side, Map<string, Buffer>> {
  const pair = new CrashingPair(folders)
  pair.open()
  pair.close()
  return { client: pair.disks.client.contents(), provider: pair.disks.provider.contents() }
}

/** Power is cut at every write point, and each loss is what the disk may have kept. */
export function cutPowerEverywhere(folders: Folders, victim: Side): Outcomes {
  return atEveryPoint(folders, victim, 'power-cut', (pair) =>
    LOSSES.map((loss) => [loss, pair.disks[victim].image(loss)] as const),
  )
}

/** The disk is full from every write point on, until the operator frees space and starts again. */
export function fillEverywhere(folders: Folders, victim: Side): Outcomes {
  return atEveryPoint(folders, victim, 'full', (pair) => [
    ['torn', pair.disks[victim].contents()] as const,
  ])
}

function atEveryPoint(
  folders: Folders,
  victim: Side,
  fault: DiskFault,
  imagesOf: (pair: CrashingPair) => readonly (readonly [Loss, ReadonlyMap<string, Buffer>])[],
): Outcomes {
  const empty = emptyStores(folders)
  const points = writePoints(folders, victim, empty)
  const wrong: string[] = []
  const codes = new Set<string>()
  const seen = new Set<string>()
  let images = 0
  for (let at = 0; at < points; at++) {
    const pair = startedOn(folders, empty)
    Object.assign(pair.disks[victim], { faultAt: at, fault })
    codes.add(liveUntilItFails(pair))
    const left = imagesOf(pair)
    pair.close()
    for (const [loss, image] of left) {
      images++
      // Between two syncs the same is left again and again, with the same promises made.
      const digest = digestOf(image, pair)
      if (seen.has(digest)) continue
      seen.add(digest)
      for (const sentence of broken(pair.after(victim, image))) {
        wrong.push(`${victim}, write ${at} of ${points}, ${loss}: ${sentence}`)
      }
    }
  }
  return { points, images, checked: seen.size, broken: wrong, codes }
}

function startedOn(folders: Folders, empty: Record<Side, Map<string, Buffer>>): CrashingPair {
  const disks = {
    client: new SimulatedDisk(empty.client),
    provider: new SimulatedDisk(empty.provider),
  }
  return new CrashingPair(folders, disks)
}

/** How many changes the disk of a side sees when nothing fails. */
function writePoints(folders: Folders, victim: Side, empty: Record<Side, Map<string, Buffer>>) {
  const pair = startedOn(folders, empty)
  pair.live()
  const points = pair.disks[victim].operations.length
  pair.close()
  return points
}

function digestOf(image: ReadonlyMap<string, Buffer>, { promises }: CrashingPair): string {
  const hash = createHash('sha256')
  for (const [name, bytes] of image) hash.update(name).update(bytes)
  const said = [promises.vouchers.length, promises.servedOnNano, promises.receiptsSent]
  return hash.update(`${said} ${promises.closeAuth !== undefined}`).digest('hex')
}

function liveUntilItFails(pair: CrashingPair): string {
  try {
    pair.live()
    return 'nothing failed'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

/** The power is cut at every write of a store's first opening; it must open again, empty. */
export function cutPowerWhileMade(folder: string): { points: number; broken: string[] } {
  const whole = new SimulatedDisk()
  openOn(whole, folder)
  const points = whole.operations.length
  const wrong: string[] = []
  for (let at = 0; at < points; at++) {
    const disk = new SimulatedDisk()
    disk.faultAt = at
    try {
      openOn(disk, folder)
    } catch {
      // The machine is off.
    }
    for (const loss of LOSSES) {
      try {
        openOn(new SimulatedDisk(disk.image(loss)), folder)
      } catch (error) {
        wrong.push(`write ${at} of ${points}, ${loss}: ${error}`)
      }
    }
  }
  return { points, broken: wrong }
}

function openOn(disk: SimulatedDisk, folder: string): void {
  mountDisk(disk)
  const store = openPeerStore(folder)
  try {
    if (store.loadChannels().length > 0) throw new Error('a new store is not empty')
  } finally {
    store.close()
  }
}
