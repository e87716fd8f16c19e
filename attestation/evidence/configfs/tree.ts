/**
 * The few file operations that configfs-tsm needs (Linux Documentation/ABI/testing/configfs-tsm), behind
 * an interface: a plain folder cannot behave as the kernel does, a simulated tree can.
 */

/**
 * Operations on `/sys/kernel/config/tsm/report`. Every one may reject with an error whose `code` is the
 * errno name, as those of node:fs do.
 */
export interface ReportTree {
  /** mkdir(2): the kernel fills the new directory with attributes. */
  make(directory: string): Promise<void>
  /** rmdir(2): the attributes go with it. */
  remove(directory: string): Promise<void>
  /**
   * Opens the attribute and reads until read(2) returns 0, since a configfs file has no size. Stops
   * after `bytesMax + 1` bytes, so that the caller sees that there was more.
   */
  read(directory: string, attribute: string, bytesMax: number): Promise<Uint8Array>
  /**
   * Opens, writes with exactly one write(2), closes. The kernel takes a binary attribute over at close
   * and drops the error of that step: what was written is known only from the report.
   * @returns bytes that write(2) took
   */
  write(directory: string, attribute: string, bytes: Uint8Array): Promise<number>
}

/** The errno name of an error of the tree. */
export function errnoOf(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  return typeof code === 'string' ? code : 'UNKNOWN'
}
