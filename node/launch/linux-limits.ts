/**
 * What Node does not ask Linux for, asked through koffi: both hold for this process and for all that it starts.
 * Linux numbers these the same on every processor that koffi knows.
 */
import koffi from 'koffi'

const RLIMIT_CORE = 4
const PR_SET_CHILD_SUBREAPER = 36

/**
 * No core dump of a server quotes a prompt. One byte and not none: no dump is that short, and at that limit the kernel
 * starts no program to read a dump, either (core(5), do_coredump). Who may not raise a limit of none keeps that.
 * @throws Error when Linux refuses
 */
export function withoutCoreDumps(): void {
  const setLimit = koffi.load(null).func('int setrlimit(int resource, const void *limits)')
  const softAndHard = (bytes: bigint) => new BigUint64Array([bytes, bytes])
  if (setLimit(RLIMIT_CORE, softAndHard(1n)) === 0) return
  checked('setrlimit', setLimit(RLIMIT_CORE, softAndHard(0n)))
}

/**
 * Whoever leaves the tree of its parents (daemon(7)) becomes a child of this process and not of the first one, so that
 * it is found and ended with the others (PR_SET_CHILD_SUBREAPER(2const)).
 * @throws Error when Linux refuses
 */
export function adoptOrphans(): void {
  const prctl = koffi
    .load(null)
    .func('int prctl(int option, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d)')
  checked('prctl', prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}

function checked(name: string, result: unknown): void {
  if (result !== 0) throw new Error(`${name} says ${result}`)
}
