/**
 * TON mnemonics: 24 words whose key is derived by TON's own rules, which are not BIP39's (the same words
 * give another key there, and most BIP39 phrases are no TON phrase).
 */
import { mnemonicNew, mnemonicToPrivateKey, mnemonicValidate } from '@ton/crypto'
import { ConfigError } from '#protocol/errors.ts'
import { MNEMONIC_WORDS } from './constants.ts'

const SEED_BYTES = 32
const WORD = /^[a-z]{2,12}$/

/** 24 new words, from the operating system's randomness. */
export function newMnemonic(): Promise<readonly string[]> {
  return mnemonicNew(MNEMONIC_WORDS)
}

/** Ed25519 seed, 32 bytes. @throws ConfigError WALLET_WORDS, which quotes none of them */
export async function seedOfMnemonic(text: string): Promise<Uint8Array> {
  const words = text.trim().toLowerCase().split(/\s+/)
  const isShaped = words.length === MNEMONIC_WORDS && words.every((word) => WORD.test(word))
  if (!isShaped || !(await mnemonicValidate([...words]))) {
    throw new ConfigError(
      'WALLET_WORDS',
      `these are not the ${MNEMONIC_WORDS} words of a TON wallet`,
      {
        remedy:
          'Check their spelling and order. A BIP39 phrase of another chain does not work here.',
      },
    )
  }
  const { secretKey } = await mnemonicToPrivateKey([...words])
  return new Uint8Array(secretKey.subarray(0, SEED_BYTES))
}
