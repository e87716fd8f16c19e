/**
 * What Node does not ask Linux for, asked through koffi: both hold for this process and for all that it starts.
 * Linux numbers these the same on every processor that koffi knows.
 */
import koffi from 'koffi'

const RLIMIT_CORE = 4
const PR_SET_CHILD_SUBREAPER = 36

/**
 * No core dump of a server quotes a prompt. One byte and not none: no dump is that short, and at that limit the kernel
 * starts no program to read a dump, either (core(5), do_coredump). Where none was allowed before it stays none.
 * @throws Error when Linux refuses
 */
export function withoutCoreDumps(): void {
  const libc = koffi.load(null)
  const getLimit = libc.func('int getrlimit(int resource, void *limits)')
  const setLimit = libc.func('int setrlimit(int resource, const void *limits)')
  const limits = new BigUint64Array(2)
  checked('getrlimit', getLimit(RLIMIT_CORE, limits))
  const hard = limits[1] ?? 0n
  limits.fill(hard < 1n ? hard : 1n)
  checked('setrlimit', setLimit(RLIMIT_CORE, limits))
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
