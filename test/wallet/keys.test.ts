/** The key of a wallet: mnemonic, sealed file, external signer; and that it never signs a voucher. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Cell } from '@ton/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { ownerKeys } from '#node/cli/owner-keys.ts'
import { ClientDesk } from '#node/roles/client/channel-desk.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { SCRYPT_COST_MIN } from '#node/wallet/constants.ts'
import { askPublicKey, externalSigner } from '#node/wallet/external-signer.ts'
import { readWalletFile, walletFilePath, writeWalletFile } from '#node/wallet/key-file.ts'
import { newMnemonic, seedOfMnemonic } from '#node/wallet/mnemonic.ts'
import { ownerWallet, requireProtected } from '#node/wallet/owner-wallet.ts'
import { openSeed, publicKeyOf, sealSeed } from '#node/wallet/sealing.ts'
import { voucherCell } from '#settlement/cells/voucher.ts'
import { newChannel } from '#settlement/channel/state.ts'
import { transferBody, walletAddress, walletContract } from '#settlement/wallet/body.ts'
import { seedSigner, type WalletSigner } from '#settlement/wallet/signer.ts'
import { repositoryRoot, sourceFiles } from '#test/support/source-files.ts'
import { crypto, makeTerms, NOW_S } from '../settlement/channel-fixture.ts'
import { errorCode, rejectionCode } from '../support/error-code.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const SEED = new Uint8Array(32).fill(7)
const PASSPHRASE = 'five words of no meaning'
let words: readonly string[]

beforeAll(async () => {
  words = await newMnemonic()
})

describe('mnemonics', () => {
  it('gives a key to 24 words, whatever their blanks and case', async () => {
    expect(words).toHaveLength(24)
    const seed = await seedOfMnemonic(words.join(' '))
    expect(seed).toHaveLength(32)
    expect(await seedOfMnemonic(`  ${words.join('\n').toUpperCase()}\n`)).toEqual(seed)
  })

  it('refuses a BIP39 phrase, a wrong word and a wrong count, and quotes none of them', async () => {
    const bip39 = [...Array<string>(23).fill('abandon'), 'art'].join(' ')
    const swapped = [words[1], words[0], ...words.slice(2)].join(' ')
    for (const text of [bip39, swapped, words.slice(1).join(' '), '', 'x'.repeat(100_000)]) {
      const refused = seedOfMnemonic(text)
      await expect(refused).rejects.toMatchObject({ code: 'WALLET_WORDS' })
      await refused.catch((error) =>
        expect(`${error.message}${error.remedy}`).not.toContain(words[0]),
      )
    }
  })
})

describe('the sealed file', () => {
  it('opens with its passphrase alone, has mode 0600 and holds no key in the clear', async () => {
    const folder = temporaryFolder()
    const sealed = await sealSeed(SEED, PASSPHRASE, SCRYPT_COST_MIN)
    const file = writeWalletFile(folder, sealed)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).not.toContain(Buffer.from(SEED).toString('hex'))
    const read = readWalletFile(folder)
    expect(read).toEqual(sealed)
    expect(await openSeed(sealed, PASSPHRASE)).toEqual(SEED)
    expect(await rejectionCode(openSeed(sealed, `${PASSPHRASE}!`))).toBe('WALLET_PASSPHRASE')
    expect(errorCode(() => writeWalletFile(folder, sealed))).toBe('WALLET_EXISTS')
  })

  it('refuses every field that was changed', async () => {
    const sealed = await sealSeed(SEED, PASSPHRASE, SCRYPT_COST_MIN)
    const other = await sealSeed(new Uint8Array(32).fill(8), PASSPHRASE, SCRYPT_COST_MIN)
    const flipped = (hex: string) => `${hex[0] === '0' ? '1' : '0'}${hex.slice(1)}`
    const changed = [
      { ...sealed, publicKey: other.publicKey },
      { ...sealed, sealedSeed: flipped(sealed.sealedSeed) },
      { ...sealed, cipher: { ...sealed.cipher, tag: flipped(sealed.cipher.tag) } },
      { ...sealed, cipher: { ...sealed.cipher, nonce: flipped(sealed.cipher.nonce) } },
      { ...sealed, kdf: { ...sealed.kdf, salt: flipped(sealed.kdf.salt) } },
      { ...sealed, kdf: { ...sealed.kdf, cost: SCRYPT_COST_MIN * 2 } },
      { ...sealed, kdf: { ...sealed.kdf, parallel: 2 } },
    ]
    for (const one of changed) {
      expect(await rejectionCode(openSeed(one, PASSPHRASE))).toBe('WALLET_PASSPHRASE')
    }
  })

  it('is refused unread when it asks scrypt for too much or too little', async () => {
    const sealed = await sealSeed(SEED, PASSPHRASE, SCRYPT_COST_MIN)
    for (const kdf of [{ cost: 2 ** 24 }, { cost: 2 ** 10 }, { cost: 20_000 }, { parallel: 64 }]) {
      const folder = temporaryFolder()
      const hostile = { ...sealed, kdf: { ...sealed.kdf, ...kdf } }
      writeFileSync(walletFilePath(folder), JSON.stringify(hostile))
      expect(errorCode(() => readWalletFile(folder))).toBe('WALLET_FILE')
    }
  })

  it('asks for a passphrase that is worth the name', async () => {
    expect(await rejectionCode(sealSeed(SEED, 'short', SCRYPT_COST_MIN))).toBe(
      'WALLET_PASSPHRASE_WEAK',
    )
  })
})

describe('whose wallet a folder has', () => {
  it('none; that of keys.json, as testnets have it; that of wallet.json', async () => {
    const folder = temporaryFolder()
    expect(errorCode(() => ownerWallet(folder))).toBe('WALLET_MISSING')
    const { walletSeed } = ownerKeys(folder)
    const plain = ownerWallet(folder)
    expect(plain.kind).toBe('plain')
    expect(Buffer.from(plain.publicKey).toString('hex')).toBe(publicKeyOf(walletSeed))
    writeWalletFile(folder, await sealSeed(SEED, PASSPHRASE, SCRYPT_COST_MIN))
    const sealed = ownerWallet(folder)
    expect(sealed.kind).toBe('encrypted')
    const signer = await sealed.open(async () => PASSPHRASE)
    expect(signer.publicKey).toEqual(crypto.ed25519FromSeed(SEED).publicKey)
    expect(errorCode(() => requireProtected(plain, -239))).toBe('WALLET_UNPROTECTED')
    expect(errorCode(() => requireProtected(plain, 7_411))).toBeUndefined()
    expect(errorCode(() => requireProtected(sealed, -239))).toBeUndefined()
  })
})

async function signed(signer: WalletSigner, nano: bigint): Promise<Uint8Array> {
  const contract = walletContract(signer.publicKey, -3)
  const messages = [{ to: contract.address, valueNano: nano, body: Cell.EMPTY }]
  const transfer = { seqno: 3, validUntilS: NOW_S, messages }
  let signature = new Uint8Array()
  await transferBody(contract, transfer, async (cell) => {
    signature = new Uint8Array(
      await signer.sign({ ...transfer, wallet: contract.address, globalId: -3, cell }),
    )
    return signature
  })
  return signature
}

describe('an external signer', () => {
  const reference = [process.execPath, path.join(repositoryRoot, 'examples/external-signer.ts')]
  const own = seedSigner(crypto, SEED)
  const signerOf = (script: string, timeoutS = 20) =>
    externalSigner({ crypto, command: [process.execPath, '-e', script], timeoutS }, own.publicKey)
  /** Answers with what `body` makes of the question `asked`. */
  const answering = (body: string, timeoutS?: number) =>
    signerOf(
      `let t='';process.stdin.on('data',(d)=>t+=d).on('end',()=>{const asked=JSON.parse(t);${body}})`,
      timeoutS,
    )

  it('the reference: names its key, signs what it decoded itself, refuses too much', async () => {
    expect(await askPublicKey({ command: reference })).toBe(publicKeyOf(SEED))
    const signer = externalSigner({ crypto, command: reference }, own.publicKey)
    expect(await signed(signer, 5n)).toEqual(await signed(own, 5n))
    expect(await rejectionCode(signed(signer, 2_000_000_001n))).toBe('SIGNER_REFUSED')
  })

  it('too slow, too loud, silent, wrong, or absent: nothing is signed', async () => {
    const say = (document: string) => `console.log(JSON.stringify(${document}))`
    const failing: readonly WalletSigner[] = [
      answering('setTimeout(()=>{},60000)', 1),
      answering("process.stdout.write('x'.repeat(100000));setTimeout(()=>{},60000)"),
      answering(''),
      answering('process.exitCode=3'),
      answering(say("{id:asked.id,signature:'00'.repeat(64)}")),
      answering(say("{id:'another',signature:'00'.repeat(64)}")),
      answering(say("{id:asked.id,publicKey:'00'.repeat(32)}")),
      externalSigner({ crypto, command: ['/nonexistent/signer'] }, own.publicKey),
    ]
    for (const signer of failing) {
      expect(await rejectionCode(signed(signer, 5n))).toBe('SIGNER_FAILED')
    }
  })

  it('gets every transfer decoded, and the cell that they are in', async () => {
    const signer = answering(`console.log(JSON.stringify({id:asked.id,error:
      [asked.action,asked.globalId,asked.seqno,asked.transfers[0].valueNano,asked.transfers[0].to].join(' ')+'\\u001b[2J'}))`)
    const { address } = walletContract(own.publicKey, -3)
    await expect(signed(signer, 5n)).rejects.toThrow(
      `the signer refused: sign -3 3 5 ${address.toRawString()}?[2J`,
    )
  })
})

describe('wallet keys are never voucher keys', () => {
  it("a wallet's key refuses a voucher, here and in another program", async () => {
    const { address } = newChannel('client', makeTerms())
    const receiptsRoot = new Uint8Array(32)
    const cell = voucherCell({ channel: address, amountNano: 5n, leafCount: 0, receiptsRoot })
    const wallet = walletAddress(crypto.ed25519FromSeed(SEED).publicKey, -3)
    const asked = { wallet, globalId: -3, seqno: 0, validUntilS: 0, messages: [], cell }
    const own = seedSigner(crypto, SEED)
    const external = externalSigner({ crypto, command: ['/nonexistent'] }, own.publicKey)
    for (const signer of [own, external]) {
      expect(await rejectionCode(signer.sign(asked))).toBe('WALLET_SIGNING_REFUSED')
    }
  })

  it('every channel draws a session key of its own, which no wallet key leads to', () => {
    const folder = temporaryFolder()
    mkdirSync(folder, { recursive: true })
    const store = openPeerStore(folder)
    const parts = { crypto, clock: { nowMs: () => NOW_S * 1000 }, store }
    const { clientKey: _, salt: __, ...terms } = makeTerms()
    const keys = [1, 2, 3].map(() => ClientDesk.create(parts, terms).sessionKey)
    store.close()
    const walletKey = crypto.ed25519FromSeed(SEED).publicKey
    const names = [walletKey, ...keys.map(({ publicKey }) => publicKey)].map(String)
    expect(new Set(names).size).toBe(4)
  })

  it('no role, session or channel sees a wallet seed or a signer; only the composition does', () => {
    const files = ['node', 'settlement'].flatMap((room) => sourceFiles(room as 'node'))
    const roles = files.filter(({ path: at }) =>
      /node\/roles\/(client|provider|shared)\/|settlement\/(channel|cells)\//.test(at),
    )
    expect(roles.length).toBeGreaterThan(30)
    const reaching = roles.filter(({ text }) => /walletSeed|WalletSigner|wallet\/signer/.test(text))
    expect(reaching.map(({ path: at }) => at)).toEqual([])
  })
})
