/**
 * Arguments and variables that no launched server gets. A courtesy to the owner, not the line of defence: what
 * is started is in the digest that clients pin, and whatever a server prints goes nowhere.
 */
import { type LaunchRefusal, launchRefused } from './errors.ts'

/** As the documentation of vLLM, SGLang and llama.cpp's server names them. */
const LEAKING_ARGUMENTS: readonly string[] = [
  // A file of further arguments, which no digest would cover.
  '--config',
  '--enable-log-requests',
  '--enable-log-outputs',
  '--enable-log-deltas',
  '--kv-transfer-config',
  '--otlp-traces-endpoint',
  '--log-requests',
  '--log-requests-level',
  '--log-requests-format',
  '--log-request-level',
  '--crash-dump-folder',
  '--export-metrics-to-file',
  '--log-file',
  '--log-prompts-dir',
  '--slot-save-path',
  // Layers of the model on other machines, with what they compute.
  '--rpc',
]

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '))

const LEAKING_VARIABLES = words(
  'LLAMA_ARG_RPC LLAMA_SERVER_SLOTS_DEBUG LLAMA_LOG_FILE LLAMA_ARG_LOG_FILE VLLM_LOGGING_CONFIG_PATH VLLM_TRACE_FUNCTION VLLM_DEBUG_LOG_API_SERVER_RESPONSE',
)

/** Address by another way than an argument. */
const LISTENING_VARIABLES = words('LLAMA_ARG_HOST UVICORN_HOST')

/** Code that the loader or the interpreter runs first. */
const LOADING_VARIABLES = words('LD_PRELOAD LD_AUDIT PYTHONSTARTUP NODE_OPTIONS BASH_ENV')

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost'])

/** Python's argparse takes any beginning of an option that is no other one's. */
const ABBREVIATION_CHARS_MIN = 5

/** @throws ConfigError LAUNCH_REFUSED */
export function checkArguments(given: readonly string[]): void {
  for (const [at, argument] of given.entries()) {
    const [written = '', joined] = argument.split('=', 2)
    // vLLM reads underscores as dashes, and takes the fields of a JSON value behind dots.
    const name = written.replaceAll('_', '-').replace(/\..*$/, '')
    if (isLeaking(name)) throw launchRefused(written, 'leaks')
    if (name !== '--host') continue
    const host = joined ?? given[at + 1] ?? ''
    if (!LOOPBACK.has(host)) throw launchRefused(written, 'listens')
  }
}

function isLeaking(name: string): boolean {
  if (!name.startsWith('--') || name.length < ABBREVIATION_CHARS_MIN) return false
  return LEAKING_ARGUMENTS.some((refused) => refused.startsWith(name))
}

/** @throws ConfigError LAUNCH_REFUSED */
export function checkEnvironment(names: readonly string[]): void {
  for (const name of names) {
    const rule = refusalOf(name)
    if (rule !== undefined) throw launchRefused(name, rule)
  }
}

function refusalOf(name: string): LaunchRefusal | undefined {
  if (/_proxy$/i.test(name) || LOADING_VARIABLES.has(name)) return 'environment'
  if (LISTENING_VARIABLES.has(name)) return 'listens'
  return LEAKING_VARIABLES.has(name) ? 'leaks' : undefined
}
