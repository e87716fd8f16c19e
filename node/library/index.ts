/**
 * The package `cocoon-node`: answers from a network of confidential providers, inside your program.
 *
 * @example
 * import { connect } from 'cocoon-node'
 * await using cocoon = await connect()
 * for await (const text of cocoon.stream('What is Cocoon?')) process.stdout.write(text)
 * const { verdict, receipt, priceNano } = await cocoon.ask('What is a receipt?')
 *
 * Errors are instances of the classes below, with a stable `code` (docs/ERRORS.md), a `remedy` and
 * typed `data`; branch on `code` or on the class, never on the message.
 */
export type { AssuranceTier, Verdict, VerdictStep } from '#attestation/types.ts'
export type { ChatMessage, ChatToolCall } from '#inference/engine.ts'
export type {
  ChannelView,
  EstimateView,
  ModelView,
  OfferView,
  ReceiptView,
  SettlementView,
  TextToken,
  Timings,
  Usage,
} from '#node/roles/client-service.ts'
export type { NodeEvent } from '#node/roles/events.ts'
export type { NetworkFile } from '#node/testnet/network-file.ts'
export {
  AttestationError,
  CocoonError,
  ConfigError,
  ProtocolError,
  SettlementError,
  UnavailableError,
} from '#protocol/errors.ts'
export type { Answer, AnswerStream } from './answer-stream.ts'
export type { AskOptions, CocoonClient, Question } from './client.ts'
export { type ConnectOptions, connect } from './connect.ts'
export type { Embeddings, EmbedInput, EmbedOptions } from './embeddings.ts'
export type { ResponseFormat, SamplingOptions, Tool, ToolChoice } from './sampling.ts'
export { startTestnet, type Testnet, type TestnetOptions } from './testnet.ts'
export { verifyReceipt } from './verify.ts'
