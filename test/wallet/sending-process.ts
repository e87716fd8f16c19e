/**
 * A process that sends one payment and dies by SIGKILL at a named step, or does not:
 * `sending-process.ts CHAIN_URL GLOBAL_ID FOLDER STEP TO NANO`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Address, Cell } from '@ton/core'
import { journalFile } from '#node/wallet/journal-file.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import type { ChainAccess } from '#settlement/chain/access.ts'
import { walletAddress } from '#settlement/wallet/body.ts'
import { seedSigner } from '#settlement/wallet/signer.ts'
import { openWallet } from '#settlement/wallet/wallet.ts'

const [endpoint = '', globalIdText, folder = '', step, to = '', nano = '0'] = process.argv.slice(2)
const globalId = Number(globalIdText)
const die = (at: string): void => {
  if (step === at) process.kill(process.pid, 'SIGKILL')
}

const access: ChainAccess = {
  endpoint,
  globalId,
  timeoutSignal: AbortSignal.timeout,
  async fetch(input, init) {
    const isSend = String(init?.body).includes('"sendBoc"')
    if (isSend) die('before-sending')
    const answer = await fetch(input, init)
    if (isSend) die('after-sending')
    return answer
  },
}
const signer = seedSigner(nodeCrypto, new Uint8Array(32).fill(1))
const journal = journalFile(folder, walletAddress(signer.publicKey, globalId))
const wallet = openWallet({
  access,
  crypto: nodeCrypto,
  clock: { nowMs: () => 0 },
  signer: {
    ...signer,
    sign(request) {
      die('before-signing')
      return signer.sign(request)
    },
  },
  sleep: async (ms) => {
    await sleep(ms)
  },
  journal: {
    ...journal,
    write(pending) {
      journal.write(pending)
      die('after-writing')
    },
    clear() {
      if (journal.read() !== undefined) die('before-clearing')
      journal.clear()
    },
  },
})
const payment = { to: Address.parse(to), valueNano: BigInt(nano), body: Cell.EMPTY }
const { wasSentBefore } = await wallet.sendEach([payment])
process.stdout.write(wasSentBefore ? 'was sent before' : 'sent')
