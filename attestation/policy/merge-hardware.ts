/** Merging of what policies say about single machines. */
import { HARDWARE_TIERS, type HardwareSection, type HardwareTier } from './hardware-section.ts'
import { joinLists, meetLists, meetWords } from './meet.ts'

type Vouched = HardwareSection['endorsed']

/** Who vouches is for the reader; which machine decides. */
const machineOf = ({ hardware }: { readonly hardware: string }): string => hardware

function asks(section: HardwareSection, tier: HardwareTier): boolean {
  return HARDWARE_TIERS.indexOf(section.tierMin) >= HARDWARE_TIERS.indexOf(tier)
}

/** Machines that this policy accepts, when it asks for more than genuine hardware. */
function accepted(section: HardwareSection): Vouched {
  const { endorsed, locationVerified } = section
  return asks(section, 'location-verified') ? locationVerified : [...locationVerified, ...endorsed]
}

/** What is listed higher needs no second line, and below what is asked for no line at all. */
function section(
  tierMin: HardwareTier,
  endorsed: Vouched,
  locationVerified: Vouched,
  revoked: HardwareSection['revoked'],
): HardwareSection {
  const named = new Set(locationVerified.map(machineOf))
  const isAsked = tierMin !== 'location-verified'
  const rest = isAsked ? endorsed.filter((entry) => !named.has(machineOf(entry))) : []
  return {
    tierMin,
    endorsed: oneOfEach(rest),
    locationVerified: oneOfEach(locationVerified),
    revoked,
  }
}

function oneOfEach(list: Vouched): Vouched {
  return list.filter(
    (entry, at) => list.findIndex((one) => machineOf(one) === machineOf(entry)) === at,
  )
}

/**
 * A policy that asks for less than endorsed hardware has no say in whom the other trusts to vouch; when
 * both ask, a machine must satisfy both.
 */
export function meetHardware(one: HardwareSection, other: HardwareSection): HardwareSection {
  const tierMin = meetWords(HARDWARE_TIERS, one.tierMin, other.tierMin)
  const revoked = joinLists(one.revoked, other.revoked, machineOf)
  const [oneAsks, otherAsks] = [asks(one, 'endorsed'), asks(other, 'endorsed')]
  if (oneAsks !== otherAsks) {
    const { endorsed, locationVerified } = oneAsks ? one : other
    return section(tierMin, endorsed, locationVerified, revoked)
  }
  // Who asks for endorsed machines only is content with any that the stricter side has located.
  const located = (list: HardwareSection): Vouched =>
    asks(list, tierMin) || tierMin !== 'location-verified' ? list.locationVerified : accepted(list)
  const endorsed = meetLists(accepted(one), accepted(other), machineOf)
  const locationVerified = meetLists(located(one), located(other), machineOf)
  return section(tierMin, endorsed, locationVerified, revoked)
}
