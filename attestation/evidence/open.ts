/** The quote source of a peer without a TEE: a signature, which proves whose keys these are and no more. */
import { quotedBytes } from '#attestation/report-data.ts'
import type { QuoteSource } from '#attestation/types.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'

/** Always tier open: there is nothing that could make it more. */
export function openSource(crypto: CryptoPort, identity: Ed25519KeyPair): QuoteSource {
  return {
    tee: 'none',
    async quote(reportData) {
      const quote = crypto.ed25519Sign(identity, quotedBytes(reportData))
      return { quote, collateral: new Uint8Array(0) }
    },
  }
}
