/** How getting a report fails: try once more in a fresh directory, or give up and say what to do. */
import { UnavailableError } from '#protocol/errors.ts'

/** Errno names that pass: another guest's or process's report is in flight, a signal, a slow service. */
const PASSING = new Set(['EBUSY', 'EINTR', 'ETIMEDOUT', 'EAGAIN', 'EWOULDBLOCK'])

/** This attempt is worth nothing; the next one may be. */
export class DiscardedError extends Error {
  /** ETIMEDOUT tells a service that does not answer from a guest that is busy. */
  readonly errno: string

  constructor(reason: string, errno: string) {
    super(reason)
    this.errno = errno
  }
}

/**
 * @throws DiscardedError, or UnavailableError QUOTE_UNAVAILABLE when the errno says that it would
 * only happen again
 */
export function discard(reason: string, errno = ''): never {
  if (errno === '' || PASSING.has(errno)) {
    throw new DiscardedError(errno === '' ? reason : `${reason}: ${errno}`, errno)
  }
  return impossible(reason, errno)
}

/** @throws UnavailableError QUOTE_UNAVAILABLE, always */
export function impossible(what: string, reason: string): never {
  throw new UnavailableError(
    'QUOTE_UNAVAILABLE',
    `no quote from this machine: ${what}: ${reason}`,
    {
      data: { errno: reason },
      remedy: REMEDIES[reason] ?? REMEDY,
    },
  )
}

const REMEDY = 'Run `cocoon doctor`; docs/OPERATING-TEE.md says what a TEE guest needs.'
const REMEDIES: Readonly<Record<string, string>> = {
  EPERM: 'Run the provider as root inside of the guest: only root may ask for reports.',
  EACCES: 'Run the provider as root inside of the guest: only root may ask for reports.',
  EROFS: 'Mount configfs for writing: mount -o remount,rw /sys/kernel/config.',
  ENOENT:
    'Mount configfs (mount -t configfs none /sys/kernel/config); the guest needs Linux 6.7 with CONFIG_TSM_REPORTS.',
  ENXIO: 'Load the guest driver: modprobe tdx_guest, or modprobe sev-guest.',
  EIO: 'The host refused the quote: check its quote generation service (qgsd) and its PCCS.',
  ETIMEDOUT: 'The host does not answer: start its quote generation service (qgsd) and check vsock.',
}
