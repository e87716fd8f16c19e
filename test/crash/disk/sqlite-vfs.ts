/**
 * A virtual file system of SQLite (sqlite.org/vfs.html) in JavaScript, for the SQLite inside Node. While
 * a disk is mounted every database that this process opens lies on it.
 */
import koffi from 'koffi'
import { executableSymbols } from './executable-symbols.ts'
import type { SimulatedDisk } from './simulated-disk.ts'

const OK = 0
const CANNOT_OPEN = 14
const IO_ERROR = 10
const FULL = 13
const NOT_FOUND = 12
/** SQLITE_IOERR_SHORT_READ */
const SHORT_READ = IO_ERROR | (2 << 8)
const OPEN_CREATE = 4
const POINTER_BYTES = 8
const PATH_BYTES_MAX = 512
const SECTOR_BYTES = 512
/** sqlite3_file as SQLite allocates it for us: methods, then our number of the open file. */
const FILE_BYTES = 16

let mounted: SimulatedDisk | undefined
/** Path by the number in an open sqlite3_file. */
const openPaths = new Map<number, string>()
let nextFile = 1

/** Puts a disk under all databases that are opened from now on; undefined: none can be opened. */
export function mountDisk(disk: SimulatedDisk | undefined): void {
  registration ??= register()
  mounted = disk
}

let registration: { readonly methods: bigint } | undefined

/** Disks by open file: a database keeps the disk it was opened on. */
const disks = new Map<number, SimulatedDisk>()

function fileOf(file: bigint): { disk: SimulatedDisk; path: string } {
  const number = Number(koffi.decode(file, POINTER_BYTES, 'int64'))
  return { disk: disks.get(number)!, path: openPaths.get(number)! }
}

/** A change of a file; what the disk refuses becomes SQLite's code. */
function changing(disk: SimulatedDisk, work: () => void): number {
  try {
    work()
    return OK
  } catch {
    return disk.fault === 'full' ? FULL : IO_ERROR
  }
}

const METHODS: readonly [string, (...parameters: never[]) => number][] = [
  [
    'int xClose(void *)',
    (file: bigint) => {
      const number = Number(koffi.decode(file, POINTER_BYTES, 'int64'))
      disks.delete(number)
      openPaths.delete(number)
      return OK
    },
  ],
  [
    'int xRead(void *, void *, int, int64)',
    (file: bigint, into: bigint, length: number, offset: number | bigint) => {
      const { disk, path } = fileOf(file)
      const at = Number(offset)
      const target = Buffer.from(koffi.view(into, length))
      const copied = disk.content(path).copy(target, 0, at, at + length)
      target.fill(0, copied)
      return copied === length ? OK : SHORT_READ
    },
  ],
  [
    'int xWrite(void *, void *, int, int64)',
    (file: bigint, from: bigint, length: number, offset: number | bigint) => {
      const { disk, path } = fileOf(file)
      const bytes = Buffer.from(Buffer.from(koffi.view(from, length)))
      return changing(disk, () =>
        disk.change({ kind: 'write', file: path, offset: Number(offset), bytes }),
      )
    },
  ],
  [
    'int xTruncate(void *, int64)',
    (file: bigint, length: number | bigint) => {
      const { disk, path } = fileOf(file)
      return changing(disk, () =>
        disk.change({ kind: 'truncate', file: path, length: Number(length) }),
      )
    },
  ],
  [
    'int xSync(void *, int)',
    (file: bigint) => {
      const { disk, path } = fileOf(file)
      return changing(disk, () => disk.change({ kind: 'sync', file: path }))
    },
  ],
  [
    'int xFileSize(void *, void *)',
    (file: bigint, out: bigint) => {
      const { disk, path } = fileOf(file)
      koffi.encode(out, 'int64', disk.content(path).length)
      return OK
    },
  ],
  ['int xLock(void *, int)', () => OK],
  ['int xUnlock(void *, int)', () => OK],
  [
    'int xCheckReservedLock(void *, void *)',
    (_file: bigint, out: bigint) => {
      koffi.encode(out, 'int', 0)
      return OK
    },
  ],
  ['int xFileControl(void *, int, void *)', () => NOT_FOUND],
  ['int xSectorSize(void *)', () => SECTOR_BYTES],
  ['int xDeviceCharacteristics(void *)', () => 0],
]

const SYSTEM: readonly [string, (...parameters: never[]) => number][] = [
  ['int xOpen(void *, const char *, void *, int, void *)', openFile],
  [
    'int xDelete(void *, const char *, int)',
    (_vfs: bigint, path: string) => {
      const disk = mounted
      if (disk === undefined) return IO_ERROR
      return changing(disk, () => disk.change({ kind: 'remove', file: path }))
    },
  ],
  [
    'int xAccess(void *, const char *, int, void *)',
    (_vfs: bigint, path: string, _flags: number, out: bigint) => {
      koffi.encode(out, 'int', mounted?.has(path) === true ? 1 : 0)
      return OK
    },
  ],
  [
    'int xFullPathname(void *, const char *, int, void *)',
    (_vfs: bigint, path: string, length: number, out: bigint) => {
      const bytes = Buffer.from(`${path}\0`)
      if (bytes.length > length) return CANNOT_OPEN
      bytes.copy(Buffer.from(koffi.view(out, length)))
      return OK
    },
  ],
]

function openFile(_vfs: bigint, name: string | null, file: bigint, flags: number, out: bigint) {
  const disk = mounted
  koffi.encode(file, 'int64', 0)
  const path = name ?? `temporary ${nextFile}`
  if (disk === undefined || (!disk.has(path) && (flags & OPEN_CREATE) === 0)) return CANNOT_OPEN
  disk.create(path)
  const number = nextFile++
  openPaths.set(number, path)
  disks.set(number, disk)
  koffi.encode(file, 'int64', registration!.methods)
  koffi.encode(file, POINTER_BYTES, 'int64', number)
  if (out !== null && out !== 0n) koffi.encode(out, 'int', flags)
  return OK
}

/** sqlite3_vfs version 1, made the default. Lives as long as the process, as its callbacks do. */
function register(): { methods: bigint } {
  // Koffi sets its call stack up with the first function of a library, which `call` alone never does.
  koffi.load(null).func('int getpid()')()
  const symbols = executableSymbols(['sqlite3_vfs_find', 'sqlite3_vfs_register'])
  const find = koffi.proto('void *sqlite3_vfs_find(const char *)')
  const unix: bigint = koffi.call(symbols.get('sqlite3_vfs_find'), find, null)
  const methods = structOf(
    1,
    METHODS.map(([type, work]) => callback(type, work)),
  )
  const vfs = koffi.alloc('uint8', 168) as bigint
  // Dynamic libraries, randomness, sleep and time stay those of the system.
  Buffer.from(koffi.view(vfs, 168)).set(Buffer.from(koffi.view(unix, 168)))
  const head = Buffer.from(koffi.view(vfs, 40))
  head.writeInt32LE(1, 0)
  head.writeInt32LE(FILE_BYTES, 4)
  head.writeInt32LE(PATH_BYTES_MAX, 8)
  head.writeBigUInt64LE(koffi.address(textOf('simulated')), 24)
  SYSTEM.forEach(([type, work], index) => {
    koffi.encode(vfs, 40 + index * POINTER_BYTES, 'int64', callback(type, work))
  })
  const put = koffi.proto('int sqlite3_vfs_register(void *, int)')
  koffi.call(symbols.get('sqlite3_vfs_register'), put, vfs, 1)
  return { methods }
}

function callback(type: string, work: (...parameters: never[]) => number): bigint {
  const guarded = (...parameters: never[]): number => {
    try {
      return work(...parameters)
    } catch {
      // An exception must not cross SQLite's frames.
      return IO_ERROR
    }
  }
  return koffi.register(guarded, koffi.pointer(koffi.proto(type)))
}

function structOf(version: number, pointers: readonly bigint[]): bigint {
  const memory = koffi.alloc('int64', pointers.length + 1) as bigint
  koffi.encode(memory, 'int64', version)
  pointers.forEach((pointer, index) => {
    koffi.encode(memory, (index + 1) * POINTER_BYTES, 'int64', pointer)
  })
  return memory
}

function textOf(text: string): bigint {
  const memory = koffi.alloc('char', text.length + 1) as bigint
  Buffer.from(koffi.view(memory, text.length + 1)).write(`${text}\0`, 'latin1')
  return memory
}
