/** What a testnet is made of; tests put scripted processes in their place. */
import { fileURLToPath } from 'node:url'
import { readModel } from '#inference/model/read-model.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { walletAddress } from '#settlement/wallet/body.ts'
import { TESTNET_GLOBAL_ID } from './constants.ts'

export interface TestnetModel {
  readonly id: string
  /** 64 hexadecimal digits. */
  readonly root: string
  readonly folder: string
}

export interface TestnetParts {
  readonly peerModule: string
  readonly chainModule: string
  model(): Promise<TestnetModel>
  /** Raw address of the wallet that a 32-byte seed controls. */
  walletAddress(seed: Uint8Array): string
}

/** The demonstration model that comes with this repository. */
const DEMO_MODEL_ID = 'cocoon-demo'

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

export const realParts: TestnetParts = {
  peerModule: here('peer-process.ts'),
  chainModule: here('chain-process.ts'),
  async model() {
    const folder = here('../../models/demo')
    const { root } = await readModel(folder, nodeCrypto)
    return { id: DEMO_MODEL_ID, root: toHex(root), folder }
  },
  walletAddress(seed) {
    const { publicKey } = nodeCrypto.ed25519FromSeed(seed)
    return walletAddress(publicKey, TESTNET_GLOBAL_ID).toRawString()
  },
}
