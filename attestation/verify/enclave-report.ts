/** The SGX report of the quoting enclave (Intel SGX ECDSA QuoteLibReference). */
import { ByteReader } from './byte-reader.ts'

export interface EnclaveReport {
  /** The exact 384 bytes that the PCK signed. */
  readonly encoded: Uint8Array
  readonly miscSelect: Uint8Array
  readonly attributes: Uint8Array
  readonly mrSigner: Uint8Array
  readonly isvProdId: number
  readonly isvSvn: number
  readonly reportData: Uint8Array
}

/** @throws AttestationError CHECK_FAILED */
export function parseEnclaveReport(encoded: Uint8Array): EnclaveReport {
  const reader = new ByteReader(encoded)
  reader.bytes(16) // CPUSVN: the PCK certificate is what counts
  const miscSelect = reader.bytes(4)
  reader.bytes(28)
  const attributes = reader.bytes(16)
  reader.bytes(32) // MRENCLAVE: Intel identifies its QE by signer, product and version
  reader.bytes(32)
  const mrSigner = reader.bytes(32)
  reader.bytes(96)
  const isvProdId = reader.u16()
  const isvSvn = reader.u16()
  reader.bytes(60)
  return {
    encoded,
    miscSelect,
    attributes,
    mrSigner,
    isvProdId,
    isvSvn,
    reportData: reader.bytes(64),
  }
}
