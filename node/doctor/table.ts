/** The checks of `cocoon doctor`, in the order in which they are shown: causes before effects. */
import * as chain from './checks/chain.ts'
import * as disk from './checks/disk.ts'
import * as gpu from './checks/gpu.ts'
import * as launch from './checks/launch.ts'
import * as network from './checks/network.ts'
import * as runtime from './checks/runtime.ts'
import * as upstream from './checks/upstream.ts'
import { CHECK_TIME_LIMIT_MS, SURVEY_TIME_LIMIT_MS } from './constants.ts'
import type { Finding } from './finding.ts'
import type { Role, Surroundings } from './surroundings.ts'

export interface Check {
  /** Stable: programs select by it. */
  readonly name: string
  readonly limitMs: number
  /** Several findings carry names of their own. */
  run(
    surroundings: Surroundings,
  ): Finding | Promise<Finding> | Promise<readonly runtime.NamedFinding[]>
}

const limited = (name: string, run: Check['run']): Check => ({
  name,
  limitMs: CHECK_TIME_LIMIT_MS,
  run,
})

type ForRole = (role: Role, surroundings: Surroundings) => Finding | Promise<Finding>

const each = (name: string, run: ForRole): readonly Check[] =>
  (['provider', 'client'] as const).map((role) =>
    limited(`${name}-${role}`, (surroundings) => run(role, surroundings)),
  )

export const CHECKS: readonly Check[] = [
  limited('node', runtime.nodeVersion),
  limited('onnxruntime', runtime.onnxruntime),
  { name: 'gpu-webgpu', limitMs: SURVEY_TIME_LIMIT_MS, run: gpu.gpus },
  limited('disk-space', disk.diskSpace),
  limited('disk-sync', disk.diskSync),
  ...each('data', disk.dataFolder),
  ...each('store', disk.store),
  ...each('keys', disk.keysFile),
  limited('api-port', network.apiPort),
  limited('peer-port', network.peerPort),
  limited('clock', runtime.clockStep),
  limited('network', network.network),
  limited('chain', chain.chainEndpoint),
  limited('chain-clock', chain.clockSkew),
  ...each('wallet', chain.walletBalance),
  limited('upstream', upstream.upstream),
  { name: 'launch', limitMs: SURVEY_TIME_LIMIT_MS, run: launch.launch },
  limited('bootstrap', network.bootstrap),
  ...each('reachability', network.reachability),
  { name: 'tee', limitMs: SURVEY_TIME_LIMIT_MS, run: runtime.tee },
]
