/**
 * The chain suite on the network that `npm run chain-suite -- --endpoint URL --mnemonic-file FILE` names. Without
 * one it runs on an embedded chain, started as any user would and reached by the very same flags.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import { newMnemonic, seedOfMnemonic } from '#node/wallet/mnemonic.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { walletAddress } from '#settlement/wallet/body.ts'
import { testChain } from '#test/contracts/chain.ts'
import { type ChainTargetFlags, flagsOf, openTarget } from '#test/support/chain-target.ts'
import { eventually } from '#test/support/eventually.ts'
import { startCli } from '#test/support/testnet-cli.ts'
import { callDev } from './devchain-fixture.ts'

const FUNDED_NANO = 5_000_000_000n

testChain(await openTarget(flagsOf(process.env) ?? (await embeddedChain())))

/** `cocoon chain` in a process of its own, and a file with the words of a wallet that its faucet filled. */
async function embeddedChain(): Promise<ChainTargetFlags> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cocoon-chain-suite-'))
  const chain = startCli(['chain', '--json'], { home: folder })
  afterAll(async () => {
    chain.signal('SIGTERM')
    await chain.ended
    rmSync(folder, { recursive: true, force: true })
  })
  await eventually(() => chain.stdout().includes('\n'))
  const { url, globalId } = JSON.parse(chain.stdout()) as { url: string; globalId: number }
  const words = (await newMnemonic()).join(' ')
  const mnemonicFile = path.join(folder, 'words')
  writeFileSync(mnemonicFile, words, { mode: 0o600 })
  const { publicKey } = crypto.ed25519FromSeed(await seedOfMnemonic(words))
  const address = walletAddress(publicKey, globalId).toString()
  await callDev({ url }, 'dev_faucet', { address, nano: `${FUNDED_NANO}` })
  return { endpoint: url.replace(/jsonRPC$/, ''), mnemonicFile, globalId }
}
