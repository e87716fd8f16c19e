/** A stopped test peer's folder laid out as the command line expects it, so that its owner's commands run on it. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { openDataFolder } from '#node/store/data-folder.ts'
import { toHex } from '#protocol/bytes.ts'
import { keyOf, type RoleNetwork } from './role-harness.ts'

export interface OwnerHome {
  /** Flags that name it and its network. */
  readonly flags: readonly string[]
  readonly networkDir: string
}

/** @param walletName as `network.wallet` knows it */
export function ownerHome(
  network: RoleNetwork,
  walletName: string,
  from: { readonly name: string; readonly dataDir?: string },
): OwnerHome {
  const dir = network.folder()
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const networkFile = path.join(dir, 'network.json')
  writeFileSync(networkFile, JSON.stringify(network.file))
  const keys = {
    format: 'cocoon-keys/1',
    identitySeed: toHex(keyOf(`identity ${from.name}`).seed),
    walletSeed: toHex(keyOf(`wallet ${walletName}`).seed),
    settlementSeed: toHex(keyOf(`settlement ${from.name}`).seed),
  }
  writeFileSync(path.join(dir, 'keys.json'), JSON.stringify(keys), { mode: 0o600 })
  const folder = openDataFolder(dir)
  const networkDir = folder.networkDir(network.file)
  folder.release()
  if (from.dataDir !== undefined) cpSync(from.dataDir, networkDir, { recursive: true })
  return { flags: ['--network', networkFile, '--data', dir], networkDir }
}
