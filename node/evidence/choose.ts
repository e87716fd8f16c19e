/** Which quote source this machine gets: what was asked for, or what it has. */
import { existsSync } from 'node:fs'
import type { QuoteSource } from '#attestation/types.ts'
import { ConfigError } from '#protocol/errors.ts'
import { TSM_REPORT_FOLDER } from './configfs-tree.ts'
import { findDstackSocket } from './dstack-socket.ts'

export const TEE_CHOICES = ['auto', 'tdx', 'snp', 'dstack', 'simulated', 'simulated-snp'] as const
export type TeeChoice = (typeof TEE_CHOICES)[number]

export interface TeeSources {
  readonly tdx: () => QuoteSource
  readonly snp: () => QuoteSource
  readonly dstack: (socketPath: string) => QuoteSource
  /** undefined: this network trusts no simulated machines. */
  readonly simulated: (() => QuoteSource) | undefined
  /** SNP-shaped; as `simulated` is TDX-shaped. */
  readonly simulatedSnp?: (() => QuoteSource) | undefined
}

const DEVICES = { tdx: '/dev/tdx_guest', snp: '/dev/sev-guest' } as const

/**
 * `auto` is what this network accepts: its simulated machines where it has some, else the TEE that is
 * here. Nothing falls back from a real TEE to a simulated one: no network trusts both.
 * @throws ConfigError TEE_MISSING, saying what was looked for and what to do
 */
export function chooseTee(
  choice: TeeChoice,
  sources: TeeSources,
  exists: (path: string) => boolean = existsSync,
): QuoteSource {
  const socket = findDstackSocket(exists)
  const has = (tee: 'tdx' | 'snp') => exists(DEVICES[tee]) && exists(TSM_REPORT_FOLDER)
  const isWanted = (tee: TeeChoice) => choice === tee || choice === 'auto'
  if (isWanted('simulated') && sources.simulated !== undefined) return sources.simulated()
  if (choice === 'simulated-snp' && sources.simulatedSnp !== undefined)
    return sources.simulatedSnp()
  if (isWanted('dstack') && socket !== undefined) return sources.dstack(socket)
  if (isWanted('tdx') && has('tdx')) return sources.tdx()
  if (isWanted('snp') && has('snp')) return sources.snp()
  throw new ConfigError('TEE_MISSING', `no TEE for --tee ${choice}: ${LOOKED_FOR[choice]}`, {
    remedy:
      choice === 'simulated' || choice === 'simulated-snp'
        ? 'Simulated machines serve test networks only: start one with `cocoon testnet`.'
        : 'Run `cocoon doctor`; docs/OPERATING-TEE.md takes a machine from BIOS to a TEE guest.',
  })
}

const TSM = (tee: keyof typeof DEVICES): string =>
  `looked for ${DEVICES[tee]} and ${TSM_REPORT_FOLDER}`
const LOOKED_FOR: Record<TeeChoice, string> = {
  auto: `looked for dstack's socket, ${DEVICES.tdx}, ${DEVICES.snp} and ${TSM_REPORT_FOLDER}; this network trusts no simulated machine`,
  tdx: TSM('tdx'),
  snp: TSM('snp'),
  dstack: "looked for dstack's socket under /var/run and /run",
  simulated: 'this network trusts no simulated machine',
  'simulated-snp': 'this network trusts no simulated machine',
}
