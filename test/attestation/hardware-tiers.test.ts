/** Hardware identity tiers: who gets which, what a policy that asks for one refuses, and that revoked comes first. */
import { describe, expect, it } from 'vitest'
import type { HardwareSection } from '#attestation/policy/hardware-section.ts'
import { expectHardware, hardwareName, saltedHardware } from '#attestation/verify/hardware.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { bytes } from './network.ts'

const machine = { kind: 'tdx', id: bytes(16, 1) } as const
const stranger = { kind: 'tdx', id: bytes(16, 2) } as const
const vouched = (id: typeof machine | typeof stranger) => [{ hardware: hardwareName(id), by: 'x' }]
const NOBODY: HardwareSection = {
  tierMin: 'software',
  endorsed: [],
  locationVerified: [],
  revoked: [],
}

const judge = (
  section: Partial<HardwareSection>,
  id: typeof machine | typeof stranger = machine,
  environment: 'production' | 'simulated' = 'production',
) => {
  const all = { ...NOBODY, ...section }
  return () => expectHardware(crypto, all, environment, id).tier
}

describe('a machine under a manufacturer', () => {
  it.each([
    ['genuine', {}],
    ['endorsed', { endorsed: vouched(machine) }],
    ['location-verified', { locationVerified: vouched(machine) }],
    ['location-verified', { endorsed: vouched(machine), locationVerified: vouched(machine) }],
    ['genuine', { endorsed: vouched(stranger), locationVerified: vouched(stranger) }],
  ] satisfies [string, Partial<HardwareSection>][])('is %s under %o', (tier, section) => {
    expect(judge(section)()).toBe(tier)
  })

  it('in unknown hands is refused by a policy that asks for a name or a place', () => {
    for (const tierMin of ['endorsed', 'location-verified'] as const) {
      const section = { tierMin, endorsed: vouched(machine), locationVerified: vouched(machine) }
      expect(judge(section)()).toBe('location-verified')
      expect(judge(section, stranger)).toThrow(/^hardware of tier genuine, the policy asks for/)
    }
    const named = { tierMin: 'location-verified', endorsed: vouched(machine) } as const
    expect(judge(named)).toThrow(/^hardware of tier endorsed/)
  })

  it('that is revoked, in clear or salted, is refused whoever vouches for it', () => {
    const salted = saltedHardware(crypto, bytes(16, 9), machine)
    for (const hardware of [hardwareName(machine), salted]) {
      const revoked = [{ hardware, reason: 'opened' }]
      const section = { revoked, locationVerified: vouched(machine) }
      expect(judge(section)).toThrow('revoked hardware: opened')
      expect(judge(section, stranger)()).toBe('genuine')
    }
  })
})

describe('a simulated machine', () => {
  it('is software, whatever a list says', () => {
    const lists = { endorsed: vouched(machine), locationVerified: vouched(machine) }
    expect(judge(lists, machine, 'simulated')()).toBe('software')
    expect(judge({ ...lists, tierMin: 'genuine' }, machine, 'simulated')).toThrow(/software/)
  })
})
