/**
 * The C API of the onnxruntime library that onnxruntime-node ships, called through koffi: tensors stay
 * where they are, and a model call runs beside the event loop. The library must be the exact version that
 * the table of its functions was checked against, and answers of known content must come back, or it is not
 * used.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { ConfigError } from '#protocol/errors.ts'
import { FUNCTIONS, ORT_API_VERSION, ORT_VERSION, TABLE_LENGTH } from './ort-table.ts'

/** An opaque pointer of the library: an address, as koffi hands it out. */
export type Handle = bigint

/** A function of the library; `async` runs it on another thread. */
export interface NativeFunction {
  (...given: unknown[]): unknown
  async(...given: unknown[]): void
}

export type OrtApi = Readonly<Record<keyof typeof FUNCTIONS, NativeFunction>> & {
  /** The address of bytes that lie outside of the heap. */
  addressOfBytes(bytes: Uint8Array): bigint
}

let loaded: OrtApi | undefined

/**
 * Loads the library once.
 * @throws ConfigError NATIVE_UNAVAILABLE when this platform has none, it is of another version, or
 *   the table does not fit it
 */
export function ortApi(): OrtApi {
  loaded ??= load()
  return loaded
}

function load(): OrtApi {
  const require = createRequire(import.meta.url)
  const file = libraryFile(path.dirname(require.resolve('onnxruntime-node/package.json')))
  try {
    const koffi = require('koffi') as typeof import('koffi')
    koffi.struct('OrtApiBase', { GetApi: 'void *', GetVersionString: 'void *' })
    const library = koffi.load(file)
    const base = koffi.decode(library.func('OrtApiBase *OrtGetApiBase()')(), 'OrtApiBase')
    const version = koffi.decode(base.GetVersionString, koffi.proto('const char *version()'))()
    if (version !== ORT_VERSION) throw nativeUnavailable(`it is version ${version}`)
    const getApi = koffi.decode(base.GetApi, koffi.proto('void *getApi(uint32_t version)'))
    const table = koffi.decode(getApi(ORT_API_VERSION), koffi.array('void *', TABLE_LENGTH))
    const entries = Object.entries(FUNCTIONS).map(([name, [at, prototype]]) => [
      name,
      koffi.decode(table[at], koffi.proto(prototype.replace('%', name))),
    ])
    const addressOfBytes = (bytes: Uint8Array) => BigInt(koffi.address(bytes))
    const api = { ...Object.fromEntries(entries), addressOfBytes } as OrtApi
    checkTable(api)
    return api
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    throw nativeUnavailable('it cannot be loaded', cause)
  }
}

function libraryFile(packageDir: string): string {
  const names: Partial<Record<NodeJS.Platform, string>> = {
    linux: 'libonnxruntime.so.1',
    darwin: `libonnxruntime.${ORT_VERSION}.dylib`,
    win32: 'onnxruntime.dll',
  }
  const name = names[process.platform]
  const folder = path.join(packageDir, 'bin', 'napi-v6', process.platform, process.arch)
  const file = path.join(folder, name ?? '')
  if (name === undefined || !existsSync(file))
    throw nativeUnavailable('there is none for this platform')
  return file
}

/** A status that goes in and comes out again: numbers 0, 1, 2 and 93 are what they should be. */
function checkTable(api: OrtApi): void {
  const status = api.createStatus(3, 'cocoon') as Handle
  const fits = api.getErrorCode(status) === 3 && api.getErrorMessage(status) === 'cocoon'
  api.releaseStatus(status)
  if (!fits) throw nativeUnavailable('its function table is another one')
}

export function nativeUnavailable(reason: string, cause?: unknown): ConfigError {
  return new ConfigError('NATIVE_UNAVAILABLE', `the native onnxruntime is not used: ${reason}`, {
    remedy: 'Nothing needs to be done: the portable backend gives the same answers, more slowly.',
    data: { reason },
    cause,
  })
}

/**
 * Turns a status into an exception and frees it.
 * @throws Error with the library's words, which may name tensors, never contents
 */
export function check(api: OrtApi, status: unknown): void {
  if (status === null) return
  const message = String(api.getErrorMessage(status))
  api.releaseStatus(status)
  throw new Error(message)
}

/** Calls a function that hands out a pointer in its last argument. */
export function created(api: OrtApi, create: NativeFunction, ...given: unknown[]): Handle {
  const out: [Handle | null] = [null]
  check(api, create(...given, out))
  if (out[0] === null) throw new Error('the library returned no object')
  return out[0]
}
