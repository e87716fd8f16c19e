import type { GenerateRequest } from '../engine.ts'

/** A request as it may cross a process border: without its signal and its place in the queue. */
export type DecodingRequest = Omit<
  GenerateRequest,
  'signal' | 'priority' | 'queueTimeoutMs' | 'onQueue'
>
