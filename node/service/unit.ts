/** The systemd unit of a peer (systemd.unit(5), systemd.exec(5)), hardened as far as a peer allows. */

export type ServiceScope = 'user' | 'system'
export type ServiceRole = 'provider' | 'client'

export interface UnitOptions {
  readonly scope: ServiceScope
  readonly role: ServiceRole
  /** Absolute paths of Node and of the program's main module, and its parameters. */
  readonly command: readonly string[]
  /** Parent of the data folders; the system's own for a system unit. */
  readonly dataRoot: string
  /** Network file, which the unit must be able to read; undefined: from config.json. */
  readonly networkFile: string | undefined
  /** Seconds that running answers get, from the settings. */
  readonly drainLimitS: number
}

/** Claims, closing the store and the engine come after the drain. */
const STOP_MARGIN_S = 30

export const unitName = (role: ServiceRole): string => `cocoon-${role}.service`

export function unitText(options: UnitOptions): string {
  const { scope, role } = options
  const sections = [
    section('Unit', [
      ['Description', `Cocoon ${role}`],
      ['After', scope === 'system' ? 'network-online.target' : undefined],
      ['Wants', scope === 'system' ? 'network-online.target' : undefined],
      // A peer that cannot start is tried for ever, though never in a storm: see RestartSec.
      ['StartLimitIntervalSec', '0'],
    ]),
    section('Service', [...serviceLines(options), ...hardening(options)]),
    section('Install', [['WantedBy', scope === 'system' ? 'multi-user.target' : 'default.target']]),
  ]
  return `${sections.join('\n')}`
}

type Line = readonly [string, string | undefined]

function serviceLines({ scope, role, command, dataRoot, drainLimitS }: UnitOptions): Line[] {
  return [
    ['Type', 'exec'],
    ['ExecStart', command.map(quoted).join(' ')],
    ['Environment', quoted(`COCOON_DATA=${scope === 'system' ? systemDataRoot(role) : dataRoot}`)],
    ['StateDirectory', scope === 'system' ? `cocoon-${role}` : undefined],
    ['StateDirectoryMode', scope === 'system' ? '0700' : undefined],
    ['DynamicUser', scope === 'system' ? 'yes' : undefined],
    ['Restart', 'on-failure'],
    ['RestartSec', '5'],
    // A usage or configuration error (2) stays one however often it is tried.
    ['RestartPreventExitStatus', '2'],
    // SIGTERM goes to the peer alone, which drains and then stops its engine itself.
    ['KillMode', 'mixed'],
    ['TimeoutStopSec', `${drainLimitS + STOP_MARGIN_S}`],
  ]
}

function hardening({ scope, role, dataRoot }: UnitOptions): Line[] {
  return [
    ['NoNewPrivileges', 'yes'],
    ['ProtectSystem', 'strict'],
    ['ProtectHome', 'read-only'],
    ['ReadWritePaths', scope === 'user' ? quoted(dataRoot) : undefined],
    ['PrivateTmp', 'yes'],
    // A provider needs its GPU and its TEE's device.
    ['PrivateDevices', role === 'client' && scope === 'system' ? 'yes' : undefined],
    ['ProtectKernelTunables', 'yes'],
    ['ProtectKernelModules', scope === 'system' ? 'yes' : undefined],
    ['ProtectKernelLogs', scope === 'system' ? 'yes' : undefined],
    ['ProtectControlGroups', 'yes'],
    ['ProtectClock', scope === 'system' && role === 'client' ? 'yes' : undefined],
    ['ProtectHostname', scope === 'system' ? 'yes' : undefined],
    ['RestrictNamespaces', 'yes'],
    ['RestrictRealtime', 'yes'],
    ['RestrictSUIDSGID', 'yes'],
    ['LockPersonality', 'yes'],
    // AF_NETLINK: libp2p asks for the machine's addresses.
    ['RestrictAddressFamilies', 'AF_UNIX AF_INET AF_INET6 AF_NETLINK'],
    ['SystemCallArchitectures', 'native'],
    ['SystemCallFilter', '@system-service'],
    ['CapabilityBoundingSet', scope === 'system' ? '' : undefined],
    ['UMask', '0077'],
    // No MemoryDenyWriteExecute: V8 compiles at run time.
  ]
}

function systemDataRoot(role: ServiceRole): string {
  return `/var/lib/cocoon-${role}`
}

function section(name: string, lines: readonly Line[]): string {
  const given = lines.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]))
  return `[${name}]\n${given.join('\n')}\n`
}

/** systemd.syntax(7): quotes, backslashes, and the specifiers and variables that it would expand. */
function quoted(word: string): string {
  const plain = word.replace(/%/g, '%%').replace(/\$/g, '$$$$')
  return /^[A-Za-z0-9_/.:=@%+,$-]+$/.test(plain)
    ? plain
    : `"${plain.replace(/\\/g, '\\\\').replace(/"/g, '\\"')}"`
}
