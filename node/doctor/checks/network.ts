/** Ports of this machine, and the peers beyond them. */
import { asCocoonError } from '#protocol/errors.ts'
import { type Finding, fail, pass, warn } from '../finding.ts'
import type { NetworkView, Role, Surroundings } from '../surroundings.ts'

export async function apiPort(surroundings: Surroundings): Promise<Finding> {
  const { apiPort: port } = surroundings
  const holder = port === 0 ? 'free' : await surroundings.port(port)
  if (holder === 'free') return pass(port === 0 ? 'any free port' : `${port} is free`)
  if (holder === 'cocoon') return pass(`${port}: a cocoon client answers`)
  return fail(
    `${port} is taken by another program`,
    'Stop it, or choose another port: --api-port, or `cocoon config set apiPort PORT`.',
  )
}

export async function peerPort(surroundings: Surroundings): Promise<Finding> {
  if (!(await surroundings.canListen())) {
    return fail('may not listen on TCP', 'Allow this program to listen; only clients need not.')
  }
  const ports = surroundings.peerPorts()
  if (ports.length === 0) return pass('may listen for peers, on any free port')
  if ((await surroundings.connections('provider')) !== undefined) {
    return pass(`${ports.join(', ')}: of the provider that runs`)
  }
  const holders = await Promise.all(ports.map((port) => surroundings.port(port)))
  const taken = ports.filter((_, at) => holders[at] !== 'free')
  if (taken.length === 0) return pass(`${ports.join(', ')} free for the provider`)
  return warn(
    `${taken.join(', ')} taken by another program`,
    'The provider takes any free port instead, and is found anew; with --listen it does not start.',
  )
}

const NO_NETWORK_FIX =
  'Start `cocoon testnet`, pass --network FILE, or `cocoon config set network FILE`.'

export function network(surroundings: Surroundings): Finding {
  try {
    const configured = surroundings.network()
    if (configured === undefined) return warn('none is configured', NO_NETWORK_FIX)
    return pass(`${configured.name}, ${configured.file}`)
  } catch (thrown) {
    return fail(asCocoonError(thrown).message, NO_NETWORK_FIX)
  }
}

const NEEDS_NETWORK: Finding = warn('needs a network', 'See the line `network`.')

/** The configured network, or the finding that there is none. */
export function networkOr(
  surroundings: Surroundings,
): { readonly network: NetworkView } | { readonly finding: Finding } {
  try {
    const network = surroundings.network()
    return network === undefined ? { finding: NEEDS_NETWORK } : { network }
  } catch {
    return { finding: NEEDS_NETWORK }
  }
}

export async function bootstrap(surroundings: Surroundings): Promise<Finding> {
  const got = networkOr(surroundings)
  if ('finding' in got) return got.finding
  const { name, bootstrap: addresses } = got.network
  if (addresses.length === 0)
    return pass(`${name} names no first peers: this one would be the first`)
  const answers = await Promise.all(addresses.map((address) => surroundings.answers(address)))
  const alive = answers.filter(Boolean).length
  const found = `${alive} of ${addresses.length} first peers of ${name} accept connections`
  if (alive > 0) return pass(found)
  return fail(found, 'Look at the firewall; ask for a newer network file; is the testnet running?')
}

export async function reachability(role: Role, surroundings: Surroundings): Promise<Finding> {
  const connections = await surroundings.connections(role)
  if (connections === undefined) {
    return pass(`no ${role} runs now: ask again while it does`)
  }
  const { peers, inbound } = connections
  const found = `${peers} peers, ${inbound} of them called in`
  if (peers === 0) return fail(found, 'It reaches nobody: see the line about the first peers.')
  if (role === 'client' || inbound > 0) return pass(found)
  return warn(
    found,
    'Nobody reached this provider yet: open its port in the firewall and the router.',
  )
}
