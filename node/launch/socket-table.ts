/** The kernel's tables of TCP sockets of this network namespace: /proc/net/tcp and tcp6 (proc(5)). */
import { readFile } from 'node:fs/promises'
import { LAUNCH_SOCKET_TABLE_BYTES_MAX } from './constants.ts'

export interface TcpSocket {
  readonly localAddress: string
  readonly localPort: number
  readonly remoteAddress: string
  readonly remotePort: number
  readonly isListening: boolean
  /** `0`: no process holds it, for example a connection that nobody has accepted yet. */
  readonly inode: string
}

const LISTEN = '0A'

export async function tcpSockets(): Promise<TcpSocket[]> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(readTable))
  return tables.flatMap(parseSocketTable)
}

async function readTable(file: string): Promise<string> {
  // A kernel without IPv6 has no second table.
  const text = await readFile(file, 'latin1').catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return ''
    throw thrown
  })
  if (text.length > LAUNCH_SOCKET_TABLE_BYTES_MAX) throw new RangeError(`${file} is too long`)
  return text
}

/** Lines that are of no known form are left out: nothing is owned by them. */
function parseSocketTable(table: string): TcpSocket[] {
  return table.split('\n').flatMap((line) => {
    const [, local = '', remote = '', state, , , , , , inode] = line.trim().split(/\s+/)
    const [localAddress, localPort] = endOf(local)
    const [remoteAddress, remotePort] = endOf(remote)
    if (localAddress === undefined || remoteAddress === undefined || inode === undefined) return []
    const isListening = state === LISTEN
    return [{ localAddress, localPort, remoteAddress, remotePort, isListening, inode }]
  })
}

const ANY_V4_MAPPED = /^0000000000000000FFFF0000([0-9A-F]{8})$/

/** Addresses as the kernel prints them, in words of its own byte order; v4 in v6 as v4. */
function endOf(text: string): readonly [string | undefined, number] {
  const [address = '', port = ''] = text.split(':')
  if (!/^([0-9A-F]{8}|[0-9A-F]{32})$/.test(address) || !/^[0-9A-F]{4}$/.test(port)) {
    return [undefined, 0]
  }
  return [ANY_V4_MAPPED.exec(address)?.[1] ?? address, Number.parseInt(port, 16)]
}

/** 127.0.0.1 on a little-endian processor, which all with a TEE are. */
export const LOOPBACK_V4 = '0100007F'
const LOOPBACK_V6 = '00000000000000000000000001000000'

/** 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  return address === LOOPBACK_V6 || (address.length === 8 && address.endsWith('7F'))
}
