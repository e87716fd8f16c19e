/** Addresses of registries, as an owner writes them: raw or user-friendly. */
import { Address } from '@ton/core'
import { REGISTRIES_MAX } from '#node/registry/constants.ts'
import { ConfigError } from '#protocol/errors.ts'

/** @returns raw addresses, each once @throws ConfigError REGISTRY_ADDRESS */
export function registryAddresses(texts: readonly string[]): string[] {
  const raw = [...new Set(texts.map(registryAddressOf))]
  if (raw.length > REGISTRIES_MAX) throw refused(`${raw.length} registries`)
  return raw
}

function registryAddressOf(text: string): string {
  try {
    const address = Address.parse(text)
    if (address.workChain === 0) return address.toRawString()
  } catch {
    // Said below.
  }
  throw refused(text)
}

function refused(what: string): ConfigError {
  return new ConfigError('REGISTRY_ADDRESS', `not addresses of registries: ${what}`, {
    remedy: `Name at most ${REGISTRIES_MAX} addresses of the base workchain.`,
  })
}
