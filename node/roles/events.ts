/**
 * What a peer tells its owner, one line each. Events carry shapes, sums and names: never prompts,
 * answers or keys. The testnet prints them, the local API streams them.
 */
import type { AssuranceTier, VerdictStep } from '#attestation/types.ts'

export type NodeEvent = {
  readonly atMs: number
  /** Name of the peer in this network, for example "provider-1". */
  readonly peer: string
} & NodeEventBody

export type NodeEventBody =
  | {
      readonly kind: 'offer'
      readonly provider: string
      readonly modelId: string
      readonly sequence: string
      readonly completionNanoPerMtok: string
      readonly slotsFree: number
    }
  | {
      readonly kind: 'choice'
      readonly requestId: string
      readonly provider: string
      readonly reason: string
      readonly considered: number
    }
  /** The request waits on the chosen provider's engine, behind so many others. */
  | { readonly kind: 'queued'; readonly requestId: string; readonly ahead: number }
  | {
      readonly kind: 'verdict'
      readonly provider: string
      readonly tier: AssuranceTier
      readonly ok: boolean
      readonly steps: readonly VerdictStep[]
    }
  | {
      readonly kind: 'channel'
      readonly channel: string
      readonly action: 'opened' | 'topped-up' | 'claimed' | 'closing' | 'closed' | 'frozen'
      readonly amountNano: string
    }
  | {
      readonly kind: 'payment'
      readonly channel: string
      readonly requestId: string
      readonly allocatedNano: string
      readonly voucherNano: string
    }
  | {
      readonly kind: 'receipt'
      readonly id: string
      readonly channel: string
      readonly leafIndex: number
      readonly usedNano: string
      readonly finish: string
    }
  | {
      readonly kind: 'job'
      readonly jobId: string
      readonly action: 'announced' | 'bid' | 'awarded' | 'line' | 'done' | 'failed'
      readonly detail: string
    }
  | { readonly kind: 'warning'; readonly code: string; readonly message: string }

export type EmitEvent = (body: NodeEventBody) => void
