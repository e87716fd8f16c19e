/** Limits of launched servers. Every number has its unit in the name and its reason beside it. */

/** From the start of a server to its first good answer: the largest models load for many minutes. */
export const LAUNCH_READY_TIMEOUT_MS = 3_600_000
/** Between two looks at a server that starts. */
export const LAUNCH_LOOK_EVERY_MS = 200
/** One look at its health: one that takes the connection and says nothing is asked again. */
export const LAUNCH_HEALTH_TIMEOUT_MS = 5_000
/** Between two lines about a server that still starts, or a model that is still copied. */
export const LAUNCH_PROGRESS_EVERY_MS = 10_000
/** From SIGTERM to SIGKILL: answers that run are worth nothing without this node. */
export const LAUNCH_STOP_GRACE_MS = 5_000
/** Looks for processes that are left, each after SIGKILL for those of the look before: some milliseconds each. */
export const LAUNCH_KILL_ROUNDS_MAX = 100
/** Until the sockets of a process that ends are closed, which some milliseconds do on a machine that is not busy. */
export const LAUNCH_ENDING_WAIT_MS = 2_000
/** Until the launched server takes a connection, so that the kernel says whose its other end is. */
export const LAUNCH_ACCEPT_TIMEOUT_MS = 10_000
/** Ports of launched servers: below those that Linux gives to whoever asks for any, above those of known services. */
export const LAUNCH_PORT_MIN = 16_384
export const LAUNCH_PORT_MAX = 32_767
/** Ports that are tried: where so many are taken something is wrong with the guest. */
export const LAUNCH_PORT_TRIES_MAX = 64
/** Between two looks at who took a connection. */
export const LAUNCH_ACCEPT_LOOK_EVERY_MS = 2
/** Between two looks at sockets of the server beyond loopback; its own port is looked at for each request. */
export const LAUNCH_ELSEWHERE_LOOK_EVERY_MS = 5_000
/** A server that lived so long is restarted at once, without counting the crashes before. */
export const LAUNCH_STABLE_MS = 60_000
/** One read while a file is hashed or copied. */
export const LAUNCH_READ_BYTES = 4 * 1024 * 1024
/** Table of the kernel's TCP sockets: a guest with more holds something that does not belong there. */
export const LAUNCH_SOCKET_TABLE_BYTES_MAX = 16 * 1024 * 1024
