/** The hybrid suite is the same on WebCrypto and on @noble, and nothing weaker stands in for it. */
import { describe, expect, it } from 'vitest'
import { equal, utf8 } from '#protocol/bytes.ts'
import {
  DEFAULT_SEAL_SUITE,
  type HybridKemSource,
  hpkeSuite,
  hybridKemSource,
  hybridSuite,
  SEAL_SUITES,
} from '#protocol/session/hpke-suites.ts'

const info = utf8('info')
const seed = new Uint8Array(32).fill(0x5e)
const sources: readonly HybridKemSource[] = ['webcrypto', 'noble']
const pairs = sources.flatMap((sender) => sources.map((receiver) => [sender, receiver] as const))

describe('the hybrid suite', () => {
  it('is the default, ML-KEM-768 with X25519 (0x647a), native in this Node', async () => {
    expect(DEFAULT_SEAL_SUITE).toBe('MLKEM768-X25519/HKDF-SHA256/AES-256-GCM')
    const { KEM } = await hpkeSuite(DEFAULT_SEAL_SUITE)
    expect([KEM.id, KEM.Npk, KEM.Nenc]).toEqual([0x647a, 1_216, 1_120])
    expect(await hybridKemSource()).toBe('webcrypto')
  })

  it.each(pairs)('sealed on %s opens on %s', async (from, to) => {
    const [sender, receiver] = await Promise.all([hybridSuite(from), hybridSuite(to)])
    const keyPair = await receiver.DeriveKeyPair(seed, false)
    const publicKey = await receiver.SerializePublicKey(keyPair.publicKey)
    const theirs = await sender.DeserializePublicKey(publicKey)
    const { encapsulatedSecret, ctx } = await sender.SetupSender(theirs, { info })
    const opened = await receiver.SetupRecipient(keyPair, encapsulatedSecret, { info })
    const [sent, got] = await Promise.all([ctx, opened].map((one) => one.Export(utf8('key'), 32)))
    expect(equal(sent ?? info, got ?? seed)).toBe(true)
  })

  it('derives the same key from the same seed on both', async () => {
    const keys = await Promise.all(
      sources.map(async (source) => {
        const suite = await hybridSuite(source)
        return suite.SerializePublicKey((await suite.DeriveKeyPair(seed, false)).publicKey)
      }),
    )
    expect(keys[0]).toEqual(keys[1])
  })

  it('keeps its private key inside on both', async () => {
    for (const source of sources) {
      const suite = await hybridSuite(source)
      const { privateKey } = await suite.GenerateKeyPair(false)
      expect(privateKey.extractable).toBe(false)
      await expect(suite.SerializePrivateKey(privateKey)).rejects.toThrow()
    }
  })

  it('is another KEM than the only other suite', async () => {
    const kems = await Promise.all(SEAL_SUITES.map(async (name) => (await hpkeSuite(name)).KEM.id))
    expect(kems).toEqual([0x647a, 0x0020])
  })
})
