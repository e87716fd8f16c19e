/**
 * The HPKE suites that a statement can name, on WebCrypto. Where WebCrypto lacks ML-KEM (browsers of
 * today) the hybrid KEM alone comes from @noble through @panva/hpke-noble; nothing ever falls
 * back to a weaker suite. test/vectors/protocol.json holds both to the same bytes.
 */
import {
  AEAD_AES_256_GCM,
  CipherSuite,
  KDF_HKDF_SHA256,
  KEM_DHKEM_X25519_HKDF_SHA256,
  KEM_MLKEM768_X25519,
  type KEMFactory,
} from 'hpke'

/** Names as they stand in the statement: KEM, KDF, AEAD. */
export const SEAL_SUITES = [
  'MLKEM768-X25519/HKDF-SHA256/AES-256-GCM',
  'X25519/HKDF-SHA256/AES-256-GCM',
] as const
export type SealSuite = (typeof SEAL_SUITES)[number]

/** Post-quantum hybrid (X-Wing's construction). X25519 alone is used only where a policy allows it. */
export const DEFAULT_SEAL_SUITE: SealSuite = SEAL_SUITES[0]

/** Where the hybrid KEM comes from on this runtime. */
export type HybridKemSource = 'webcrypto' | 'noble'

function suiteOver(kem: KEMFactory): CipherSuite {
  return new CipherSuite(kem, KDF_HKDF_SHA256, AEAD_AES_256_GCM)
}

/** The hybrid suite over one source, for `hpkeSuite` and for tests that compare both. */
export async function hybridSuite(source: HybridKemSource): Promise<CipherSuite> {
  if (source === 'webcrypto') return suiteOver(KEM_MLKEM768_X25519)
  const noble = await import('@panva/hpke-noble')
  return suiteOver(noble.KEM_MLKEM768_X25519)
}

/** Whether this runtime's WebCrypto can make a hybrid key: asked by making one, never guessed. */
export async function hybridKemSource(): Promise<HybridKemSource> {
  try {
    await suiteOver(KEM_MLKEM768_X25519).GenerateKeyPair(false)
    return 'webcrypto'
  } catch {
    return 'noble'
  }
}

const suites = new Map<SealSuite, Promise<CipherSuite>>()

/** The suite of this name, made at its first use. */
export function hpkeSuite(name: SealSuite): Promise<CipherSuite> {
  const known = suites.get(name)
  if (known !== undefined) return known
  const made =
    name === DEFAULT_SEAL_SUITE
      ? hybridKemSource().then(hybridSuite)
      : Promise.resolve(suiteOver(KEM_DHKEM_X25519_HKDF_SHA256))
  suites.set(name, made)
  return made
}
