/** The sockets of another process, as the Linux kernel lists them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const LISTEN = '0A'

/** TCP ports on which a process listens, both families, sorted. */
export function listeningPorts(pid: number): number[] {
  const inodes = socketInodes(pid)
  const ports = ['tcp', 'tcp6'].flatMap((table) =>
    rows(pid, table)
      .filter(({ state, inode }) => state === LISTEN && inodes.has(inode))
      .map(({ port }) => port),
  )
  return ports.sort((a, b) => a - b)
}

/** UDP sockets that a process has open, bound or not. */
export function udpSockets(pid: number): number {
  const inodes = socketInodes(pid)
  return ['udp', 'udp6']
    .flatMap((table) => rows(pid, table))
    .filter(({ inode }) => inodes.has(inode)).length
}

function socketInodes(pid: number): Set<string> {
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)]
    } catch {
      return []
    }
  })
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []))
}

/** proc(5), /proc/net/tcp: local address, remote address, state, ..., inode as the tenth field. */
function rows(pid: number, table: string) {
  const [, ...lines] = readFileSync(`/proc/${pid}/net/${table}`, 'utf8').trim().split('\n')
  return lines.map((line) => {
    const fields = line.trim().split(/\s+/)
    const port = Number.parseInt(fields[1]!.split(':')[1]!, 16)
    return { port, state: fields[3]!, inode: fields[9]! }
  })
}
