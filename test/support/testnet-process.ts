/** Starts a scripted testnet in the folder it is given and stays until it is killed. */
import { startTestnet } from '#node/testnet/testnet.ts'
import { scriptedParts } from './scripted-testnet-parts.ts'

const testnet = await startTestnet({
  seed: 'test',
  providers: 1,
  clients: 1,
  testnetDir: process.argv[2]!,
  apiPort: 0,
  apiPortFallback: false,
  claimsAtOnce: false,
  restart: false,
  logLevel: 'silent',
  parts: scriptedParts,
  onEvent: () => undefined,
})
process.stdout.write(`${JSON.stringify(testnet.peers().map((peer) => peer.pid))}\n`)
