/** Where the passphrase of a wallet comes from: environment, file, terminal; never the command line. */
import type { Settings } from '#node/config.ts'
import { PASSPHRASE_CHARS_MAX } from '#node/wallet/constants.ts'
import { ConfigError } from '#protocol/errors.ts'
import { readBounded } from './bounded-file.ts'
import { type Prompt, processPrompt } from './prompt.ts'

type Sources = Pick<Settings, 'walletPassphrase' | 'walletPassphraseFile'>

const FILE_BYTES_MAX = 4 * PASSPHRASE_CHARS_MAX

/** @throws ConfigError WALLET_PASSPHRASE_MISSING, FILE_UNREADABLE */
export async function walletPassphrase(
  sources: Sources,
  prompt: Prompt = processPrompt,
): Promise<string> {
  const given = givenPassphrase(sources)
  if (given !== undefined) return given
  if (prompt.isInteractive) return prompt.hidden('Passphrase of the wallet: ')
  throw missing()
}

/** Asked for twice. @throws as `walletPassphrase`, and ConfigError WALLET_PASSPHRASE_DIFFERS */
export async function newPassphrase(sources: Sources, prompt: Prompt): Promise<string> {
  const given = givenPassphrase(sources)
  if (given !== undefined) return given
  if (!prompt.isInteractive) throw missing()
  const first = await prompt.hidden('New passphrase of the wallet: ')
  if (first === (await prompt.hidden('Once more: '))) return first
  throw new ConfigError('WALLET_PASSPHRASE_DIFFERS', 'the two passphrases differ', {
    remedy: 'Run the command again; nothing was written.',
  })
}

function givenPassphrase({ walletPassphrase, walletPassphraseFile }: Sources): string | undefined {
  if (walletPassphrase !== undefined) return walletPassphrase
  if (walletPassphraseFile === undefined) return undefined
  const [line = ''] = readBounded(walletPassphraseFile, FILE_BYTES_MAX)
    .toString('utf8')
    .split(/\r?\n/)
  return line
}

function missing(): ConfigError {
  return new ConfigError(
    'WALLET_PASSPHRASE_MISSING',
    'the wallet is sealed and nobody can be asked',
    {
      remedy: 'Set COCOON_WALLET_PASSPHRASE, or name a file with --passphrase-file.',
    },
  )
}
