/** What an ONNX engine can be told, and how it is put for the engine process. */
import { resolve } from 'node:path'
import type { Clock } from '#protocol/clock.ts'
import { ConfigError, type ErrorData } from '#protocol/errors.ts'
import {
  CONTEXT_TOKENS_MAX,
  ENGINE_MEMORY_DEFAULT_BYTES,
  ENGINE_MEMORY_MIN_BYTES,
  ENGINE_SLOTS_DEFAULT,
  ENGINE_SLOTS_MAX,
  ENGINE_THREADS_DEFAULT,
  ENGINE_THREADS_MAX,
} from '../constants.ts'
import type { Alarm } from '../decoding/request-desk.ts'
import type { KvCache } from './cache/kv-cache.ts'
import type { Device, DeviceChoice } from './device/device.ts'
import type { LoadMessage } from './process/messages.ts'

export interface OnnxEngineOptions {
  /** Folder in the Hugging Face layout, with one onnx/*.onnx. */
  readonly folder: string
  readonly modelId: string
  /** Refuse any other model. 32 bytes. */
  readonly expectedRoot?: Uint8Array
  /** Requests decoded side by side, 1 to ENGINE_SLOTS_MAX. */
  readonly slotsTotal?: number | undefined
  /** Resident memory at which the engine process is ended. */
  readonly memoryLimitBytes?: number | undefined
  /** Positions of one request at most, its answer included; what the model and the memory allow if absent. */
  readonly contextTokens?: number | undefined
  /** `native`, the default, falls back to `portable` where it cannot be; both give the same bits. */
  readonly backend?: 'native' | 'portable'
  /** Where the model runs; absent: `cpu`. Answers of others are never promised bit for bit. */
  readonly device?: DeviceChoice | undefined
  /** What the engine process gets of the environment where the device is not the cpu: drivers are found by it. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /**
   * Only for tests of the native backend on the cpu: its caches lie in memory that is treated as a device's. The
   * engine's name says so.
   */
  readonly simulatesDeviceMemory?: boolean | undefined
  /** How keys and values are kept; absent: `graph`. `int8` is the cpu's alone, and another schedule. */
  readonly kvCache?: KvCache | undefined
  /** Threads of one model call; they never change a result. */
  readonly threads?: number | undefined
  readonly clock: Clock
  /** Rings when a request has waited too long; without it that is noticed at the next event. */
  readonly alarm?: Alarm
  /** Gives up loading. */
  readonly signal?: AbortSignal
  readonly log?: (event: string, data: ErrorData) => void
}

/** @throws ConfigError ENGINE_OPTION_OUT_OF_RANGE */
export function loadMessage(options: OnnxEngineOptions, device: Device): LoadMessage {
  return {
    kind: 'load',
    backend: options.backend ?? 'native',
    device,
    kvCache: options.kvCache ?? 'graph',
    ...(options.simulatesDeviceMemory === true ? { simulatesDeviceMemory: true } : {}),
    folder: resolve(options.folder),
    slotsTotal: inRange(
      'slotsTotal',
      options.slotsTotal ?? ENGINE_SLOTS_DEFAULT,
      1,
      ENGINE_SLOTS_MAX,
    ),
    ...(options.contextTokens === undefined
      ? {}
      : {
          contextTokens: inRange('contextTokens', options.contextTokens, 2, CONTEXT_TOKENS_MAX),
        }),
    threads: inRange('threads', options.threads ?? ENGINE_THREADS_DEFAULT, 1, ENGINE_THREADS_MAX),
    memoryLimitBytes: inRange(
      'memoryLimitBytes',
      options.memoryLimitBytes ?? ENGINE_MEMORY_DEFAULT_BYTES,
      ENGINE_MEMORY_MIN_BYTES,
      Number.MAX_SAFE_INTEGER,
    ),
  }
}

function inRange(option: string, value: number, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw new ConfigError('ENGINE_OPTION_OUT_OF_RANGE', `${option} is out of its range`, {
    data: { option, value, min, max },
  })
}
