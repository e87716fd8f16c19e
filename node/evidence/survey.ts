/**
 * What this machine has of a TEE, line by line, for `cocoon doctor`. A machine without a TEE is no
 * error: it can buy, and sell on simulated networks. A TEE that lacks a part of its own is one.
 */
import { TSM_REPORT_FOLDER } from './configfs-tree.ts'
import { findDstackSocket } from './dstack-socket.ts'
import { CCEL_FILE } from './runtime-events.ts'
import { surveyGpu } from './survey-gpu.ts'
import { surveyKernel } from './survey-kernel.ts'
import { line, type SurveyLine } from './survey-line.ts'
import { type SurveySystem, thisSystem } from './survey-system.ts'

export type { SurveyLine } from './survey-line.ts'

const TDX_DEVICE = '/dev/tdx_guest'
const SNP_DEVICE = '/dev/sev-guest'

/** Asks this machine for one quote; rejects with the reason when there is none. */
export type QuoteProbe = () => Promise<void>

/**
 * Never rejects. Takes up to a minute in a guest whose host does not answer, else milliseconds.
 * @param probe undefined: the line about the host's quote service says that it was not tried
 */
export async function surveyTee(
  system: SurveySystem = thisSystem,
  probe?: QuoteProbe,
): Promise<readonly SurveyLine[]> {
  const device = [TDX_DEVICE, SNP_DEVICE].find((path) => system.exists(path))
  return [
    deviceLine(device),
    configfsLine(system, device),
    ...surveyKernel(system, device !== undefined),
    await dstackLine(system),
    eventLogLine(system, device),
    ...(await surveyGpu(system)),
    await quoteServiceLine(device, probe),
  ]
}

function deviceLine(device: string | undefined): SurveyLine {
  if (device !== undefined) return line('tee-device', 'pass', device)
  return line(
    'tee-device',
    'warn',
    `neither ${TDX_DEVICE} nor ${SNP_DEVICE}`,
    'This machine can buy, and sell on simulated networks. To sell confidential inference run the provider inside of a TDX or SEV-SNP guest: docs/OPERATING-TEE.md.',
  )
}

function configfsLine(system: SurveySystem, device: string | undefined): SurveyLine {
  if (system.exists(TSM_REPORT_FOLDER)) return line('configfs-tsm', 'pass', TSM_REPORT_FOLDER)
  return line(
    'configfs-tsm',
    device === undefined ? 'warn' : 'fail',
    `no ${TSM_REPORT_FOLDER}`,
    'In the guest: mount -t configfs none /sys/kernel/config; Linux 6.7 or later with TSM reports.',
  )
}

async function dstackLine(system: SurveySystem): Promise<SurveyLine> {
  const socket = findDstackSocket((path) => system.exists(path))
  if (socket === undefined) return line('dstack', 'pass', 'not a dstack guest')
  if (await system.answers(socket)) return line('dstack', 'pass', `${socket} answers`)
  return line('dstack', 'fail', `${socket} does not answer`, 'Restart the dstack guest agent.')
}

function eventLogLine(system: SurveySystem, device: string | undefined): SurveyLine {
  if (system.exists(CCEL_FILE)) return line('event-log', 'pass', CCEL_FILE)
  if (device !== TDX_DEVICE) return line('event-log', 'pass', 'only TDX guests have one')
  return line(
    'event-log',
    'warn',
    `no ${CCEL_FILE}`,
    'Boot the guest with a TDX-aware firmware (OVMF or TD-shim); without the log only policies that pin every RTMR can be met.',
  )
}

async function quoteServiceLine(
  device: string | undefined,
  probe: QuoteProbe | undefined,
): Promise<SurveyLine> {
  if (device === undefined) return line('quote-service', 'pass', 'not needed without a TEE')
  if (probe === undefined)
    return line('quote-service', 'warn', 'not tried', 'Run `cocoon attest quote`.')
  try {
    await probe()
    return line('quote-service', 'pass', 'made a quote')
  } catch (error) {
    return line(
      'quote-service',
      'fail',
      error instanceof Error ? error.message : 'no quote',
      'On the host: start the quote generation service (qgsd) and its PCCS, and give the guest vsock (TDX); check the host kernel (SEV-SNP).',
    )
  }
}
