/** What the program runs on: Node, the inference runtime, TEE and GPU. */
import { CLOCK_STEP_MS_MAX } from '../constants.ts'
import { type Finding, fail, pass, warn } from '../finding.ts'
import type { Surroundings } from '../surroundings.ts'

const NODE_MAJOR_MIN = 24

export function nodeVersion({ nodeVersion: version }: Surroundings): Finding {
  const major = Number(version.split('.')[0])
  if (major >= NODE_MAJOR_MIN) return pass(version)
  return fail(version, `Install Node ${NODE_MAJOR_MIN} or newer; from a checkout use ./cocoon.`)
}

export async function onnxruntime(surroundings: Surroundings): Promise<Finding> {
  try {
    const { version, providers } = await surroundings.onnxruntime()
    const found = `${version}: ${providers.join(', ')}`
    if (providers.includes('cpu')) return pass(found)
    return fail(found, 'The CPU provider is missing: install onnxruntime-node again.')
  } catch {
    return fail(
      'cannot be loaded',
      'Run npm ci again with ONNXRUNTIME_NODE_INSTALL=skip; only providers need it.',
    )
  }
}

/** One line a part, as the survey of the evidence sources gives them. */
export async function tee(surroundings: Surroundings): Promise<readonly NamedFinding[]> {
  const lines = await surroundings.tee()
  return lines.map(({ name, status, detail, remedy }) => ({
    name,
    health: status,
    found: detail,
    fix: remedy,
  }))
}

/** Of a check that looks at several things. */
export interface NamedFinding extends Finding {
  readonly name: string
}

export function clockStep(surroundings: Surroundings): Finding {
  const stepMs = Math.round(surroundings.clockStepMs())
  const found = `moved ${stepMs} ms since the start of this process`
  return Math.abs(stepMs) < CLOCK_STEP_MS_MAX
    ? pass(found)
    : warn(found, 'Let one time service set the clock, slowly: chrony or systemd-timesyncd.')
}
