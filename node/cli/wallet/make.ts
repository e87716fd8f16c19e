/** `cocoon wallet create|import`: a new wallet.json, from new words, old words or a signer's key. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { SIGNER_WORDS_MAX, WALLET_FILE_BYTES_MAX } from '#node/wallet/constants.ts'
import { askPublicKey } from '#node/wallet/external-signer.ts'
import { readWalletFile, type WalletFile, writeWalletFile } from '#node/wallet/key-file.ts'
import { newMnemonic, seedOfMnemonic } from '#node/wallet/mnemonic.ts'
import { publicKeyOf, sealSeed } from '#node/wallet/sealing.ts'
import { ConfigError } from '#protocol/errors.ts'
import { readBounded } from '../bounded-file.ts'
import type { CliContext } from '../context.ts'
import { newPassphrase } from '../passphrase.ts'
import type { Prompt } from '../prompt.ts'
import { effective } from '../settings-options.ts'
import { type WalletOptions, walletDir } from './home.ts'

export interface MakeOptions extends WalletOptions {
  /** The key in the clear. */
  readonly plain?: boolean
  /** Goes on where keys.json holds a wallet already; that key stays there. */
  readonly replace?: boolean
}

export interface ImportOptions extends MakeOptions {
  readonly wordsFile?: string
  readonly signer?: string
}

const PLAIN_WARNING =
  'This key lies in the clear: whoever reads the file has its coins. For testnets only; peers on mainnet refuse it.'

export async function createWallet(
  options: MakeOptions,
  context: CliContext,
  prompt: Prompt,
): Promise<void> {
  const dataDir = freeFolder(options, context)
  const words = await newMnemonic()
  const wallet = await walletOfSeed(await seedOfMnemonic(words.join(' ')), options, context, prompt)
  const file = writeWalletFile(dataDir, wallet)
  const { output } = context
  if (options.json) {
    output.json({ file, kind: wallet.kind, publicKey: wallet.publicKey, words })
  } else {
    output.result(words.join(' '))
    output.talk('Write these 24 words down: they are the wallet, and are not shown again.')
    output.talk(`made ${file}; \`cocoon wallet fund\` shows where to send coins`)
  }
  if (wallet.kind === 'plain') output.talk(PLAIN_WARNING, 'yellow')
}

export async function importWallet(
  options: ImportOptions,
  context: CliContext,
  prompt: Prompt,
): Promise<void> {
  const dataDir = freeFolder(options, context)
  const wallet =
    options.signer === undefined
      ? await walletOfSeed(await seedOfWords(options, prompt), options, context, prompt)
      : await walletOfSigner(options.signer)
  const file = writeWalletFile(dataDir, wallet)
  const { output } = context
  if (options.json) output.json({ file, kind: wallet.kind, publicKey: wallet.publicKey })
  else output.talk(`made ${file}`)
  if (wallet.kind === 'plain') output.talk(PLAIN_WARNING, 'yellow')
}

/** @throws ConfigError WALLET_EXISTS */
function freeFolder(options: MakeOptions, context: CliContext): string {
  const dataDir = walletDir(options, context)
  const hasKeys = existsSync(path.join(dataDir, 'keys.json')) && !options.replace
  if (readWalletFile(dataDir) === undefined && !hasKeys) return dataDir
  throw new ConfigError('WALLET_EXISTS', `there is a wallet already in ${dataDir}`, {
    remedy: hasKeys
      ? 'Its channels pay back to that wallet. Withdraw all of it, then pass --replace.'
      : 'Withdraw all of it, then move wallet.json away; or name another folder with --data.',
  })
}

async function walletOfSeed(
  seed: Uint8Array,
  { plain, walletPassphraseFile }: MakeOptions,
  { settings }: CliContext,
  prompt: Prompt,
): Promise<WalletFile> {
  if (plain) {
    const hex = Buffer.from(seed).toString('hex')
    return { format: 'cocoon-wallet/1', kind: 'plain', publicKey: publicKeyOf(seed), seed: hex }
  }
  return sealSeed(seed, await newPassphrase(effective(settings, { walletPassphraseFile }), prompt))
}

/** Never from the command line, which other users of the machine can read. */
async function seedOfWords({ wordsFile }: ImportOptions, prompt: Prompt): Promise<Uint8Array> {
  if (wordsFile !== undefined) {
    return seedOfMnemonic(readBounded(wordsFile, WALLET_FILE_BYTES_MAX).toString('utf8'))
  }
  return seedOfMnemonic(
    prompt.isInteractive
      ? await prompt.hidden('The 24 words: ')
      : await prompt.input(WALLET_FILE_BYTES_MAX),
  )
}

/** The command is split at blanks, as no shell reads it. */
async function walletOfSigner(text: string): Promise<WalletFile> {
  const command = text
    .split(/\s+/)
    .filter((word) => word !== '')
    .slice(0, SIGNER_WORDS_MAX)
  const publicKey = await askPublicKey({ command })
  return { format: 'cocoon-wallet/1', kind: 'external', publicKey, command }
}
