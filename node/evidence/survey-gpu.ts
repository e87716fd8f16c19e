/** NVIDIA GPUs: their confidential mode, and the tool that asks them for evidence. */
import { line, type SurveyLine } from './survey-line.ts'
import type { SurveySystem } from './survey-system.ts'

export async function surveyGpu(system: SurveySystem): Promise<SurveyLine[]> {
  const mode = await system.run('nvidia-smi', ['conf-compute', '-f'])
  if (mode.kind === 'missing') {
    return [line('gpu-cc-mode', 'pass', 'no NVIDIA driver on this machine')]
  }
  return [modeLine(mode), await developerLine(system), await toolLine(system)]
}

type Ran = Exclude<Awaited<ReturnType<SurveySystem['run']>>, { kind: 'missing' }>

function modeLine(mode: Ran): SurveyLine {
  const remedy =
    "On the host, with the guest stopped: set CC mode on (NVIDIA's gpu-admin-tools, --set-cc-mode=on --reset-after-cc-mode-switch)."
  if (mode.kind === 'failed')
    return line('gpu-cc-mode', 'fail', `nvidia-smi: ${mode.reason}`, remedy)
  if (/CC status:\s*ON/i.test(mode.output)) return line('gpu-cc-mode', 'pass', 'CC mode is on')
  return line('gpu-cc-mode', 'fail', 'CC mode is off: the host can read GPU memory', remedy)
}

/** Devtools mode opens the GPU's memory to profilers: evidence from it is refused by every client. */
async function developerLine(system: SurveySystem): Promise<SurveyLine> {
  const mode = await system.run('nvidia-smi', ['conf-compute', '-d'])
  const isOff = mode.kind === 'done' && /DevTools Mode:\s*OFF/i.test(mode.output)
  if (isOff) return line('gpu-devtools', 'pass', 'devtools mode is off')
  const remedy = 'Set CC mode to on, not devtools, and reset the GPU.'
  return line('gpu-devtools', 'fail', 'devtools mode is on, or unknown', remedy)
}

async function toolLine(system: SurveySystem): Promise<SurveyLine> {
  const version = await system.run('nvattest', ['version'])
  if (version.kind === 'done') return line('nvattest', 'pass', 'installed')
  const reason = version.kind === 'missing' ? 'not installed' : version.reason
  return line('nvattest', 'fail', reason, "Install NVIDIA's attestation CLI in the guest.")
}
