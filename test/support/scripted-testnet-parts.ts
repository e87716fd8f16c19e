/** What stands in for the real parts of a testnet; the chain is the real one. */
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { TestnetParts } from '#node/testnet/parts.ts'

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

export const scriptedParts: TestnetParts = {
  peerModule: path('scripted-peer-process.ts'),
  chainModule: path('../../node/testnet/chain-process.ts'),
  model: async () => ({ id: 'cocoon/demo', root: 'ab'.repeat(32), folder: '/nowhere' }),
  walletAddress: (seed) => `0:${createHash('sha256').update(seed).digest('hex')}`,
}
